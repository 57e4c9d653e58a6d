import { fileURLToPath } from 'node:url'

const testing = (file) => fileURLToPath(new URL(`packages/database/testing/${file}`, import.meta.url))

/** One configuration for every workspace; each package's own file only hands it on. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript', explicitResourceManagement: true }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  // The workspaces' own sources, so that a test never meets a build of yesterday.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  // One PostgreSQL for all tests of a run, started by the first that needs it.
  globalSetup: testing('global-setup.mjs'),
  globalTeardown: testing('global-teardown.mjs'),
  testTimeout: 30_000,
  workerIdleMemoryLimit: '700MB',
  maxWorkers: 2,
}

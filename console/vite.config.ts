import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Builds what runs in the browser; `src/` serves it. */
export default defineConfig({
  root: here('browser'),
  base: '/graphql/',
  resolve: {
    alias: [
      // All of the editor's contributions would be twice as much.
      { find: 'monaco-graphql/esm/monaco-editor.js', replacement: here('browser/explorer/monaco.ts') },
      // GraphiQL's own fetches every image address in an answer that the pointer rests on.
      { find: /^\.{1,2}\/(?:components\/)?image-preview\.js$/, replacement: here('browser/explorer/no-image-preview.ts') },
    ],
  },
  build: {
    outDir: here('dist/browser'),
    emptyOutDir: true,
    rolldownOptions: {
      input: { explorer: here('browser/explorer.html') },
      // Libraries mark modules for server components, which are none of ours.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
    // The editor is a chunk of its own, fetched once the page stands.
    chunkSizeWarningLimit: 3_000,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  plugins: [compress(here('dist/browser/assets'))],
  worker: { format: 'es' },
})

/** Leaves each asset's compressed forms beside it, so that no request has to wait for them. */
function compress(folder: string): Plugin {
  return {
    name: 'compress',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(folder).filter((name) => /\.(js|css|svg|ttf)$/.test(name))) {
        const bytes = readFileSync(join(folder, name))
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes))
      }
    },
  }
}

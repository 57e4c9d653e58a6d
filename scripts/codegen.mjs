// npm run codegen: the Prisma client from prisma/<service>/models.prisma, and each subgraph's resolver types from its
// schema.graphql. What comes out is in no repository; turbo keeps it and runs this only where something has changed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from '@graphql-codegen/cli'
import { Kind, parse } from 'graphql'
import { parse as parseYaml } from 'yaml'
import { prismaFolder, schemaHead, servicesWithModels } from './prisma-schema.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

generatePrismaClient()
await generateResolverTypes()

function generatePrismaClient() {
  writeFileSync(join(prismaFolder, 'schema.prisma'), schemaHead(servicesWithModels()))
  // The client is rewritten as a whole, so that nothing of a model that is gone stays behind.
  rmSync(join(root, 'packages/database/src/generated/prisma'), { recursive: true, force: true })
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/prisma/build/index.js'), 'generate', '--schema', 'prisma', '--no-hints'],
    {
      cwd: root,
      encoding: 'utf8',
      // Any executable will do: generating needs no engine, but without this Prisma would fetch one.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' },
    },
  )
  if (status === 0) return
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\n`)
  process.exit(1)
}

async function generateResolverTypes() {
  const template = readFileSync(join(root, 'codegen.yml'), 'utf8')
  const subgraphs = readdirSync(join(root, 'subgraphs')).filter((name) => existsSync(join(root, 'subgraphs', name, 'schema.graphql')))
  const { generates: _, ...config } = parseYaml(template)
  const generates = Object.assign({}, ...subgraphs.map((name) => outputsOf(template, name)))
  await generate({ ...config, generates, cwd: root, silent: true, errorsOnly: true }, true)
}

// codegen.yml is written for one subgraph, ${SUBGRAPH}; each folder gets its own.
function outputsOf(template, name) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: codegen.yml holds it as it stands here
  const { generates } = parseYaml(template.replaceAll('${SUBGRAPH}', name))
  const mappers = mappersOf(join(root, 'subgraphs', name))
  for (const output of Object.values(generates)) output.config = { ...output.config, mappers }
  return generates
}

// By convention a type that src/models.ts exports under the name of a GraphQL type is what that type's resolvers are given.
function mappersOf(folder) {
  const file = join(folder, 'src/models.ts')
  if (!existsSync(file)) return {}
  const source = readFileSync(file, 'utf8')
  const declared = [...source.matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(([, name]) => name)
  const reexported = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names.split(',').map((name) =>
      name
        .trim()
        .split(/\s+as\s+/)
        .at(-1),
    ),
  )
  const exported = new Set([...declared, ...reexported])
  const objects = new Set([Kind.OBJECT_TYPE_DEFINITION, Kind.INTERFACE_TYPE_DEFINITION])
  const types = parse(readFileSync(join(folder, 'schema.graphql'), 'utf8')).definitions.filter(({ kind }) => objects.has(kind))
  return Object.fromEntries(
    types
      .map(({ name }) => name.value)
      .filter((name) => exported.has(name))
      .map((name) => [name, `../models.js#${name} as ${name}Model`]),
  )
}

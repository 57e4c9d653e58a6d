import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

const PACKAGE = '@prisma/schema-engine-wasm/schema_engine_bg'

// Node has it; its types come with the browser's, which nothing else here needs.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Record<string, unknown> } }>
}

let loading: Promise<typeof SchemaEngine> | undefined

/** Prisma's own migration engine, in WebAssembly, loaded when it is first needed. */
const loadSchemaEngine = (): Promise<typeof SchemaEngine> => {
  loading ??= instantiate()
  return loading
}

// The package's own entry imports the .wasm file as a module, which Node does not do; this is what it would come to.
async function instantiate(): Promise<typeof SchemaEngine> {
  const bindings = await import(PACKAGE)
  const bytes = await readFile(
    createRequire(import.meta.url)
      .resolve(PACKAGE)
      .replace(/\.js$/, '.wasm'),
  )
  const imports = {
    ...bindings,
    ...Object.fromEntries(
      Object.keys(bindings)
        .filter(isTimer)
        .map((name) => [name, unheldTimer]),
    ),
  }
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': imports })
  bindings.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start
  if (typeof start === 'function') start()
  return bindings.SchemaEngine
}

// The engine lets the timer of its lock's 10 s run on when it has the lock: it must not keep a process from its end.
const isTimer = (name: string): boolean => name.startsWith('__wbg_setTimeout_')
const unheldTimer = (callback: () => void, afterMs: number) => setTimeout(callback, afterMs).unref()

export interface EngineOptions {
  /** Told of a script that failed: the engine's own error is of what it did afterwards. */
  readonly onScriptError: (error: Error, script: string) => void
}

/** An engine whose every statement goes over this one connection, whatever transaction it is in. */
export async function schemaEngineOver(client: pg.ClientBase, schema: string, options: EngineOptions): Promise<SchemaEngine> {
  const Engine = await loadSchemaEngine()
  return Engine.new({ datamodels: undefined }, () => {}, bindMigrationAwareSqlAdapterFactory(adapterFactory(client, schema, options)))
}

/** An engine that compares models and reaches no database: it is told of one that has the schema and is of today. */
export async function schemaEngineWithoutDatabase(schema: string): Promise<SchemaEngine> {
  const Engine = await loadSchemaEngine()
  const refuse = () => Promise.reject(new Error('there is no database here'))
  const adapter: SqlDriverAdapter = {
    provider: 'postgres',
    adapterName: 'none',
    queryRaw: ({ sql }) =>
      sql.includes('numeric_version')
        ? Promise.resolve({
            columnNames: ['exists', 'version', 'numeric_version'],
            columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
            rows: [[true, 'PostgreSQL 18.0', 180_000]],
          })
        : refuse(),
    executeRaw: refuse,
    executeScript: refuse,
    startTransaction: refuse,
    getConnectionInfo: () => ({ schemaName: schema, supportsRelationJoins: true }),
    dispose: () => Promise.resolve(),
  }
  const factory: SqlMigrationAwareDriverAdapterFactory = {
    provider: 'postgres',
    adapterName: 'none',
    connect: () => Promise.resolve(adapter),
    connectToShadowDb: refuse,
  }
  return Engine.new({ datamodels: undefined }, () => {}, bindMigrationAwareSqlAdapterFactory(factory))
}

function adapterFactory(client: pg.ClientBase, schema: string, { onScriptError }: EngineOptions): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(new ConnectionAsPool(client), { schema })
  const connect = factory.connect.bind(factory)
  return Object.assign(factory, {
    async connect() {
      const adapter = await connect()
      // The adapter's own splits a script at each semicolon, also at those inside of a function's body.
      adapter.executeScript = async (script: string) => {
        await client.query(script).catch((error: Error) => {
          onScriptError(error, script)
          throw error
        })
      }
      return adapter
    },
  })
}

class ConnectionAsPool extends pg.Pool {
  constructor(client: pg.ClientBase) {
    super()
    this.query = client.query.bind(client) as pg.Pool['query']
  }
}

// npm run migration -- <service> <what it does>: writes the next migration of one service from its changed models.
//   --empty     one to write SQL into, though the models have not changed
//   --snapshot  none: takes the models as they stand for what the migrations make, after SQL that was written by hand
// Needs no database: the models of before are kept beside the migrations (models.snapshot).
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, prepare, root } from './prepare.mjs'
import { prismaFolder, servicesWithModels } from './prisma-schema.mjs'

const { positionals, values } = readArguments()
const [service, ...words] = positionals
const services = [...servicesWithModels(), 'kit']
if (!services.includes(service) || (words.length === 0 && !values.snapshot))
  fail(`npm run migration -- <${services.join('|')}> <what it does> [--empty], or <service> --snapshot`)

// The models that are to be migrated need not fit the services yet: only what this needs is built.
prepare({ only: '@ashlar/database' })
const { writeNextMigration, writeSnapshot } = await import('../packages/database/dist/migrations/next-migration.js')
try {
  if (values.snapshot) console.log(`✓ ${relative(root, writeSnapshot(prismaFolder, service))}`)
  else await write()
} catch (error) {
  if (error.name !== 'MigrationError') throw error
  fail(error.message)
}

async function write() {
  const options = { folder: prismaFolder, service, name: words.join(' '), now: new Date(), evenIfEmpty: values.empty }
  const migration = await writeNextMigration(options)
  if (!migration) return console.log(`The models of ${service} have not changed since its last migration: nothing to write.`)
  console.log(`✓ ${relative(root, migration.path)}/migration.sql\n\n${migration.sql}`)
  if (migration.narrowing.length === 0) return
  console.log('⚠ A release only adds, so that the one before goes on working beside it; and what narrows may fail on rows that are there:')
  for (const line of migration.narrowing) console.log(`  ${line.trim()}`)
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { empty: { type: 'boolean' }, snapshot: { type: 'boolean' } } })
  } catch (error) {
    return fail(error.message)
  }
}

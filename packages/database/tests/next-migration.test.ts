import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { historyOf, prismaFolder } from '../src/migrations/history.js'
import { unwritten, writeNextMigration, writeSnapshot } from '../src/migrations/next-migration.js'
import { startOn } from './support/start.js'

const FIRST = `
model Shelf {
  id    String @id @db.Uuid
  books Book[]

  @@map("shelf")
  @@schema("library")
}

model Book {
  id      String @id @db.Uuid
  title   String
  shelfId String @map("shelf_id") @db.Uuid
  shelf   Shelf  @relation(fields: [shelfId], references: [id], onDelete: Cascade)

  @@map("book")
  @@schema("library")
}
`
const SECOND = FIRST.replace('title   String', 'title   String\n  pages   Int     @default(0)\n  kind    Kind    @default(NOVEL)').concat(
  'enum Kind {\n  NOVEL\n  POEM\n\n  @@map("kind")\n  @@schema("library")\n}\n',
)

describe('the next migration', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-prisma-'))
    mkdirSync(join(folder, 'library'))
    cpSync(join(prismaFolder, 'kit'), join(folder, 'kit'), { recursive: true })
  })
  afterEach(() => rm(folder, { recursive: true }))

  const now = new Date('2026-12-01T10:00:00Z')
  const models = (text: string) => writeFileSync(join(folder, 'library/models.prisma'), text)
  const write = (name: string, options = {}) => writeNextMigration({ folder, service: 'library', name, now, ...options })
  const migrations = () => readdirSync(join(folder, 'library/migrations')).filter((name) => name !== 'models.snapshot')

  it('leads from nothing to the models, and from them to changed ones, on a real database', async () => {
    models(FIRST)
    const first = await write('Init!')
    models(SECOND)
    const second = await write('pages and kinds')
    expect(migrations()).toEqual(['20261201100000_init', '20261201100001_pages_and_kinds'])
    expect(first?.path).toBe(join(folder, 'library/migrations/20261201100000_init'))
    expect(second?.narrowing).toEqual([])

    await using database = await startTestDatabase({ services: [] })
    await using started = await startOn(database, { services: ['library'], history: (service) => historyOf(service, folder) })
    const library = started.service('library')
    await library.query('insert into shelf values (gen_random_uuid())')
    await library.query(`insert into book (id, title, shelf_id) select gen_random_uuid(), 'Ulysses', id from shelf`)
    expect(await library.query('select title, pages, kind::text from book')).toEqual([{ title: 'Ulysses', pages: 0, kind: 'NOVEL' }])
  })

  it('is none where nothing has changed, unless one is asked for to write SQL into', async () => {
    models(FIRST)
    await write('init')
    expect(await write('again')).toBeNull()
    expect(migrations()).toHaveLength(1)
    expect(await write('by hand', { evenIfEmpty: true })).toMatchObject({ sql: '' })
    expect(migrations()).toHaveLength(2)
  })

  it('comes after the last one, also where that is of a clock that was ahead', async () => {
    models(FIRST)
    await write('init', { now: new Date('2031-05-05T23:59:59Z') })
    models(SECOND)
    await write('next')
    expect(migrations()).toEqual(['20310505235959_init', '20310505235960_next'])
  })

  it('names what it takes away', async () => {
    models(SECOND)
    await write('init')
    models(FIRST)
    const next = await write('without pages')
    expect(next?.narrowing.join('\n')).toMatch(/DROP COLUMN "pages"/)
  })

  it('asks for a word about models that were migrated by hand', async () => {
    models(FIRST)
    mkdirSync(join(folder, 'library/migrations/20260101000000_by_hand'), { recursive: true })
    writeFileSync(join(folder, 'library/migrations/20260101000000_by_hand/migration.sql'), '')
    await expect(write('next')).rejects.toMatchObject({ name: 'MigrationError' })
    writeSnapshot(folder, 'library')
    expect(await write('next')).toBeNull()
  })

  it.each([
    ['a name without a letter', '!?', FIRST],
    ['models that can not be read', 'next', 'model {'],
  ])('is not written for %s', async (_, name, text) => {
    models(text)
    await expect(write(name)).rejects.toMatchObject({ name: 'MigrationError' })
    expect(existsSync(join(folder, 'library/migrations'))).toBe(false)
  })

  it('of the kit is SQL alone', async () => {
    expect(await writeNextMigration({ folder, service: 'kit', name: 'more', now })).toBeNull()
    expect(await writeNextMigration({ folder, service: 'kit', name: 'more', now, evenIfEmpty: true })).toMatchObject({ sql: '' })
  })
})

describe('the history of each service', () => {
  const services = readdirSync(prismaFolder).filter((name) => existsSync(join(prismaFolder, name, 'models.prisma')))

  it.each(services)('of %s makes the models as they stand: else npm run migration', async (service) => {
    expect(await unwritten(prismaFolder, service)).toBe('')
    expect(readFileSync(join(prismaFolder, service, 'migrations/models.snapshot'), 'utf8')).not.toBe('')
  })

  it.each(services)('of %s makes tables that every model can be read from', async (service) => {
    await using database = await startTestDatabase({ services: [service] })
    const { prisma } = database.service(service)
    const text = readFileSync(join(prismaFolder, service, 'models.prisma'), 'utf8')
    const names = [...text.matchAll(/^model (\w+)/gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(0)
    const delegates = prisma as unknown as Record<string, { findFirst(): Promise<unknown> }>
    for (const name of names) await delegates[`${name.charAt(0).toLowerCase()}${name.slice(1)}`]?.findFirst()
  })
})

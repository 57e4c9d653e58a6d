import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { cloneTo } from './support/clone.js'
import { DataFolder } from './support/data-folder.js'
import { Program, type ProgramOptions } from './support/program.js'

const isRoot = process.getuid?.() === 0

/** A mounted file system of some megabytes, where this user may mount one. */
function mount(folder: string, options: string): boolean {
  mkdirSync(folder, { recursive: true })
  return isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0
}

const servesOnce = async (folder: string, options: ProgramOptions = {}) => {
  const program = new Program(folder, options)
  await program.ready()
  program.kill('SIGTERM')
  return program.ended()
}

const fails = async (folder: string, words: RegExp, options: ProgramOptions = {}) => {
  const failure = await new Program(folder, options).failure()
  expect(failure).toMatchObject({ name: 'EmbeddedPostgresError', message: expect.stringMatching(words) })
}

describe('a data folder', () => {
  it('that is a file is named', async () => {
    await using folder = await DataFolder.make()
    writeFileSync(folder.path, 'not a folder')
    await fails(folder.path, /EEXIST|ENOTDIR/)
    await fails(join(folder.path, 'inside'), /ENOTDIR/)
  })

  it('whose PostgreSQL is something else is left alone', async () => {
    await using folder = await DataFolder.make()
    chmodSync(folder.parent, 0o755)
    mkdirSync(join(folder.path, 'postgres'), { recursive: true })
    writeFileSync(join(folder.path, 'postgres/precious'), 'mine')
    await fails(folder.path, /postgres/)
    expect(readdirSync(join(folder.path, 'postgres'))).toEqual(['precious'])
  })

  it('of another version of PostgreSQL is named with both', async () => {
    await using folder = await DataFolder.make()
    chmodSync(folder.parent, 0o755)
    mkdirSync(join(folder.path, 'postgres/data'), { recursive: true })
    writeFileSync(join(folder.path, 'postgres/data/PG_VERSION'), '17\n')
    await fails(folder.path, /PostgreSQL 17.* 18/)
  })

  describe('on a disk of its own', () => {
    const onDisk = async (options: string, work: (disk: string) => Promise<void>) => {
      await using folder = await DataFolder.make()
      chmodSync(folder.parent, 0o755)
      const disk = join(folder.parent, 'disk')
      // Without root there is no disk of one's own to be had; the folder that may not be written to is another test.
      if (!mount(disk, options)) return void console.info('not root, or not allowed to mount: nothing was tried')
      try {
        await work(disk)
      } finally {
        execFileSync('umount', ['--lazy', disk])
      }
    }

    it('that is read-only is named', () =>
      onDisk('size=1m', async (disk) => {
        mkdirSync(join(disk, 'data'))
        execFileSync('mount', ['-o', 'remount,ro', disk])
        await fails(join(disk, 'data'), /EROFS/)
        await fails(join(disk, 'other'), /EROFS/)
      }))

    it('that becomes read-only later is named too', () =>
      onDisk('size=200m', async (disk) => {
        expect(await servesOnce(join(disk, 'data'))).toBe(0)
        execFileSync('mount', ['-o', 'remount,ro', disk])
        await fails(join(disk, 'data'), /EROFS/)
      }))

    it('that is full is named, with nothing half-made left', () =>
      onDisk('size=8m', async (disk) => {
        await fails(join(disk, 'data'), /ENOSPC/)
        expect(readdirSync(join(disk, 'data')).filter((name) => name.includes('postgres') && !name.endsWith('.log'))).toEqual([])
      }))

    it('that has become full is named, and serves again when there is room', () =>
      onDisk('size=80m', async (disk) => {
        expect(await servesOnce(join(disk, 'data'))).toBe(0)
        const filler = join(disk, 'filler')
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'])
        await fails(join(disk, 'data'), /ENOSPC/)
        rmSync(filler)
        expect(await servesOnce(join(disk, 'data'))).toBe(0)
      }))
  })
})

// To become another user one has to be root; what follows for root is tried as root, and the rest in the tests above as whoever runs them.
describe('for root and others', () => {
  const nobody = { uid: 65_534, gid: 65_534 }
  const asRoot = async (work: () => Promise<void>) => (isRoot ? work() : void console.info('not root: nothing was tried'))

  it('an ordinary user starts it in a clone that anybody may read', () =>
    asRoot(async () => {
      await using folder = await DataFolder.make()
      chmodSync(folder.parent, 0o755)
      const clone = cloneTo(join(folder.parent, 'clone'))
      mkdirSync(folder.path)
      chownSync(folder.path, nobody.uid, nobody.gid)
      expect(await servesOnce(folder.path, { package: clone, account: nobody })).toBe(0)
      // Then root starts on the same data, and after that the user again.
      expect(await servesOnce(folder.path, { package: clone })).toBe(0)
      expect(await servesOnce(folder.path, { package: clone, account: nobody })).toBe(0)
    }))

  it('an ordinary user is told of a folder that is not theirs', () =>
    asRoot(async () => {
      await using folder = await DataFolder.make()
      chmodSync(folder.parent, 0o755)
      const clone = cloneTo(join(folder.parent, 'clone'))
      mkdirSync(folder.path, { mode: 0o755 })
      await fails(folder.path, /EACCES/, { package: clone, account: nobody })
      await fails(join(folder.path, 'deeper'), /EACCES/, { package: clone, account: nobody })
    }))

  it('root starts it in a clone that nobody else may enter, and finds the data again', () =>
    asRoot(async () => {
      await using folder = await DataFolder.make()
      const clone = cloneTo(join(folder.parent, 'clone'))
      const program = new Program(folder.path, { package: clone, mode: 'write' })
      await program.ready()
      await program.line('written', 10)
      program.kill('SIGTERM')
      expect(await program.ended()).toBe(0)
      expect(existsSync(join(folder.path, 'postgres-is-in'))).toBe(true)

      const again = new Program(folder.path, { package: clone })
      await again.ready()
      again.kill('SIGTERM')
      expect(await again.ended()).toBe(0)
      expect(again.all('closed')).toEqual([{ rows: program.all('written').length }])
    }))

  it('root is told when the data that lay elsewhere are gone', () =>
    asRoot(async () => {
      await using folder = await DataFolder.make()
      mkdirSync(folder.path)
      writeFileSync(join(folder.path, 'postgres-is-in'), '/var/lib/ashlar/gone\n')
      await fails(folder.path, /\/var\/lib\/ashlar\/gone/)
    }))
})

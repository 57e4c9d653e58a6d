import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '@ashlar/kit/ids'
import { createTransport } from 'nodemailer'
import type { MailTransport } from '../mail.js'

/** The newest are kept: this stands in for a mailbox while there is no server, and must not fill the disk. */
const FILES_MAX = 1_000

/** Saves each message as an `.eml` file that only the owner of the process can read, whole or not at all. */
export function saveMails(dataDir: string): MailTransport {
  const folder = join(dataDir, 'mail')
  const composer = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async deliver(message, kind) {
      const { message: bytes } = await composer.sendMail({ ...message, to: { ...message.to } })
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // A UUIDv7 begins with the time, so that the names sort as the mails went out.
      const path = join(folder, `${newId()}-${kind}.eml`)
      await writeFile(`${path}.part`, bytes, { mode: 0o600, flag: 'wx', flush: true })
      await rename(`${path}.part`, path)
      await forgetOldest(folder)
    },
    close: () => composer.close(),
  }
}

async function forgetOldest(folder: string) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
  for (const name of names.slice(0, -FILES_MAX)) await rm(join(folder, name), { force: true })
}

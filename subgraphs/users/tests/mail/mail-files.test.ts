import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Mail } from '../../src/mail/words.js'
import { createMailer } from '../../src/mail.js'
import { linkTo } from '../../src/pages/links.js'
import { type RecordingLog, recordingLog } from '../recording-log.js'
import { readMessage } from './read-message.js'

const publicUrl = new URL('https://stones.example')
const TOKEN = 'tok3n-that-nobody-else-may-see_0123456789'
const RESET: Mail = {
  kind: 'reset-password',
  to: 'ada@example.org',
  username: 'ada',
  link: linkTo(publicUrl, 'reset-password', TOKEN),
}
const NOTICE: Mail = { kind: 'email-change-notice', to: 'ada@example.org', username: 'ada', newEmail: '<b>evil@example.org' }

describe('mail without an SMTP server', () => {
  let dataDir: string
  let log: RecordingLog
  let mailer: ReturnType<typeof createMailer>

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ashlar-mail-'))
    log = recordingLog()
    mailer = createMailer({ smtpUrl: null, dataDir, mailFrom: 'The Mason <mason@stones.example>', publicUrl }, log)
  })
  afterEach(async () => {
    mailer.close()
    await rm(dataDir, { recursive: true })
  })

  const folder = () => join(dataDir, 'mail')
  const saved = async () => Promise.all((await readdir(folder())).sort().map((name) => readFile(join(folder(), name), 'latin1')))
  const theOne = async () => {
    const [source = ''] = await saved()
    return readMessage(source)
  }

  it('saves a message of a text and a page, from MAIL_FROM, to one person', async () => {
    await mailer.send(RESET)
    const message = await theOne()
    expect(message.header('from')).toBe('The Mason <mason@stones.example>')
    expect(message.header('to')).toBe('ada@example.org')
    expect(message.header('subject')).toBe('Choose a new password')
    expect(message.header('content-type')).toMatch(/^multipart\/alternative;/)
    expect(message.header('auto-submitted')).toBe('auto-generated')
    expect(message.header('message-id')).toMatch(/^<[^<>\s]+@stones\.example>$/)
    expect(message.header('x-mailer')).toBeUndefined()
  })

  it('names the account and bears the token in the fragment of the link, in both parts', async () => {
    await mailer.send(RESET)
    const { text, html } = await theOne()
    const link = `https://stones.example/reset-password#${TOKEN}`
    for (const part of [text, html]) {
      expect(part).toContain(link)
      expect(part).toContain('your account ada at stones.example')
      for (const [address] of part.matchAll(/https?:\/\/[^\s"<]+/g)) expect(new URL(address).search).toBe('')
    }
    expect(html).not.toMatch(/<(script|img|link|form)\b|url\(/)
  })

  it('escapes what a person typed', async () => {
    await mailer.send({ ...NOTICE, newEmail: '"<b>x</b>"@example.org' })
    const { text, html } = await theOne()
    expect(html).toContain('&lt;b&gt;x&lt;/b&gt;')
    expect(html).not.toContain('<b>')
    expect(text).toContain('"<b>x</b>"@example.org')
  })

  it.each([
    'ada@example.org\r\nBcc: eve@example.org',
    'ada@example.org\nBcc: eve@example.org',
    'ada@example.org, eve@example.org',
    'ada@example.org;eve@example.org',
    '"ada" <eve@example.org>',
    'team: ada@example.org',
    'ada@example.org\u2028Bcc: eve@example.org',
    'ada\\@example.org',
  ])('sends nothing to %j', async (to) => {
    await expect(mailer.send({ ...RESET, to })).rejects.toThrow()
    await expect(readdir(folder())).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('lets nobody but the owner of the process read it, even where the folder was open', async () => {
    await mailer.send(RESET)
    const [name = ''] = await readdir(folder())
    expect((await stat(folder())).mode & 0o777).toBe(0o700)
    expect((await stat(join(folder(), name))).mode & 0o777).toBe(0o600)
    await chmod(folder(), 0o755)
    await mailer.send(NOTICE)
    for (const each of await readdir(folder())) expect((await stat(join(folder(), each))).mode & 0o777).toBe(0o600)
  })

  it('keeps the newest thousand, in the order in which they were sent', async () => {
    await mkdir(folder())
    const old = Array.from({ length: 1_000 }, (_, at) => `00000000-0000-7000-8000-${String(at).padStart(12, '0')}-sign-in-link.eml`)
    for (const name of old) await writeFile(join(folder(), name), '')
    await mailer.send(RESET)
    await mailer.send(NOTICE)
    const names = (await readdir(folder())).sort()
    expect(names).toHaveLength(1_000)
    expect(names[0]).toBe(old[2])
    expect(names.at(-2)).toMatch(/reset-password\.eml$/)
    expect(names.at(-1)).toMatch(/email-change-notice\.eml$/)
  })

  it('leaves nothing half-written where the folder can not be made', async () => {
    await writeFile(folder(), 'a file is in the way')
    await expect(mailer.send(RESET)).rejects.toThrow()
    expect(await readFile(folder(), 'utf8')).toBe('a file is in the way')
  })

  it('logs the subject, and never the link, the token or the address', async () => {
    await mailer.send(RESET)
    expect(JSON.parse(log.written())).toMatchObject({ subject: 'Choose a new password' })
    for (const secret of [TOKEN, 'reset-password#', 'ada@example.org']) expect(log.written()).not.toContain(secret)
  })

  it('has words of its own for every kind', async () => {
    const base = { to: 'ada@example.org', username: 'ada', link: RESET.link } as const
    const kinds = ['verify-email', 'reset-password', 'sign-in-link', 'email-change'] as const
    for (const kind of kinds) await mailer.send({ ...base, kind })
    await mailer.send(NOTICE)
    await mailer.send({ kind: 'address-taken', to: 'ada@example.org', username: 'ada' })
    const messages = (await saved()).map(readMessage)
    expect(new Set(messages.map(({ header }) => header('subject'))).size).toBe(6)
    for (const { text, html } of messages.slice(0, kinds.length)) {
      expect(text).toContain(RESET.link)
      expect(html).toContain(RESET.link)
    }
    // Those to the owner of an address that somebody else typed give nothing to click.
    for (const { text, html } of messages.slice(kinds.length)) expect(text + html).not.toMatch(/<a |https?:/)
  })
})

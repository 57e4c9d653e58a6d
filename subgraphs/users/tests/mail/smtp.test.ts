import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { SmtpPatience } from '../../src/mail/smtp.js'
import type { Mail } from '../../src/mail/words.js'
import { createMailer, type Mailer } from '../../src/mail.js'
import { linkTo } from '../../src/pages/links.js'
import { type RecordingLog, recordingLog } from '../recording-log.js'
import { readMessage } from './read-message.js'

const publicUrl = new URL('https://stones.example')
const TOKEN = 'tok3n-that-nobody-else-may-see_0123456789'
const MAIL: Mail = {
  kind: 'sign-in-link',
  to: 'ada@example.org',
  username: 'ada',
  link: linkTo(publicUrl, 'sign-in-link', TOKEN),
}
const PATIENCE: SmtpPatience = { connectMs: 300, silenceMs: 300, totalMs: 5_000 }

interface Received {
  readonly from: string | undefined
  readonly to: readonly string[]
  readonly source: string
}

const answering = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

describe('mail over SMTP', () => {
  const received: Received[] = []
  let log: RecordingLog
  let mailer: Mailer | undefined
  let stop: () => Promise<void>

  beforeEach(() => {
    received.length = 0
    log = recordingLog()
    mailer = undefined
    stop = async () => {}
  })
  afterEach(async () => {
    mailer?.close()
    await stop()
  })

  async function serve(options: SMTPServerOptions = {}): Promise<string> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope
          received.push({
            from: mailFrom ? mailFrom.address : undefined,
            to: rcptTo.map(({ address }) => address),
            source: Buffer.concat(chunks).toString('latin1'),
          })
          done()
        })
      },
      ...options,
    })
    server.on('error', () => {})
    const listening = server.listen(0, '127.0.0.1')
    await once(listening, 'listening')
    stop = () => new Promise((resolve) => server.close(() => resolve()))
    return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`
  }

  /** A server that speaks as it is told, or not at all. */
  async function serveBadly(onConnection: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>()
    const server: Server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}))
      onConnection(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    stop = async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
    return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  function mailTo(smtpUrl: string, patience = PATIENCE): Mailer {
    mailer = createMailer({ smtpUrl, dataDir: '/nowhere', mailFrom: 'The Mason <mason@stones.example>', publicUrl }, log, patience)
    return mailer
  }

  it('hands the message over, from MAIL_FROM and to one person, with text and page', async () => {
    await mailTo(await serve()).send(MAIL)
    expect(received).toHaveLength(1)
    const [{ from, to, source } = { from: '', to: [], source: '' }] = received
    expect(from).toBe('mason@stones.example')
    expect(to).toEqual(['ada@example.org'])
    const message = readMessage(source)
    expect(message.header('from')).toBe('The Mason <mason@stones.example>')
    expect(message.headers.filter(([name]) => name === 'to' || name === 'cc' || name === 'bcc')).toEqual([['to', 'ada@example.org']])
    for (const part of [message.text, message.html]) {
      expect(part).toContain(`https://stones.example/sign-in-link#${TOKEN}`)
      expect(part).toContain('your account ada at stones.example')
    }
  })

  it('signs in where the address says so, and logs neither that nor the link', async () => {
    const tried: unknown[] = []
    const smtpUrl = await serve({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        tried.push([username, password])
        done(null, { user: 'mason' })
      },
    })
    await mailTo(smtpUrl.replace('//', '//mason:hewn%20stone@')).send(MAIL)
    expect(tried).toEqual([['mason', 'hewn stone']])
    expect(JSON.parse(log.written())).toMatchObject({ subject: 'Your sign-in link' })
    for (const secret of [TOKEN, 'sign-in-link#', 'hewn', 'ada@example.org']) expect(log.written()).not.toContain(secret)
  })

  it('throws where the server refuses the recipient, so that the job is done again', async () => {
    const smtpUrl = await serve({ onRcptTo: (_address, _session, done) => done(new Error('no such mailbox')) })
    await expect(mailTo(smtpUrl).send(MAIL)).rejects.toMatchObject({ code: 'EENVELOPE' })
    expect(received).toEqual([])
    expect(log.written()).toBe('')
  })

  it.each<[string, number, string, SMTPServerOptions]>([
    [
      'the recipient',
      550,
      'EENVELOPE',
      { onRcptTo: ({ address }, _session, done) => done(answering(550, `5.1.1 no such user <${address}>`)) },
    ],
    ['the sender', 553, 'EENVELOPE', { onMailFrom: (_address, _session, done) => done(answering(553, '5.7.1 not for ada@example.org')) }],
    [
      'what is in it',
      554,
      'EMESSAGE',
      {
        onData(stream, _session, done) {
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => {
            const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=')
            done(answering(554, `5.7.1 blocked for ada@example.org: ${text.match(/https:\S+#\S+/)?.[0]}`))
          })
        },
      },
    ],
  ])('says in words of its own that the server refuses %s', async (_, responseCode, code, options) => {
    const error: unknown = await mailTo(await serve(options))
      .send(MAIL)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'MailFailure', code, responseCode })
    log.warn({ err: error }, 'a job failed')
    const told = `${log.written()} ${inspect(error, { depth: null, showHidden: true })}`
    expect(told).toContain(String(responseCode))
    for (const secret of [TOKEN, 'sign-in-link#', 'ada@example.org', 'no such user', 'blocked']) expect(told).not.toContain(secret)
  })

  it('throws where nothing listens', async () => {
    const smtpUrl = await serveBadly(() => {})
    await stop()
    stop = async () => {}
    await expect(mailTo(smtpUrl).send(MAIL)).rejects.toMatchObject({
      code: 'ESOCKET',
      message: expect.stringContaining('ECONNREFUSED'),
      responseCode: null,
    })
  })

  it('throws where the server never greets', async () => {
    await expect(mailTo(await serveBadly(() => {})).send(MAIL)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('throws where the server falls silent in the middle', async () => {
    const smtpUrl = await serveBadly((socket) =>
      socket.once('data', () => socket.write('250 hello\r\n')).write('220 slow.example ESMTP\r\n'),
    )
    await expect(mailTo(smtpUrl).send(MAIL)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('throws where the server is never silent and never done', async () => {
    const smtpUrl = await serveBadly((socket) => {
      const drip = setInterval(() => socket.write('220-still here\r\n'), 20)
      socket.on('close', () => clearInterval(drip))
    })
    await expect(mailTo(smtpUrl, { connectMs: 5_000, silenceMs: 5_000, totalMs: 200 }).send(MAIL)).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('gives up at once when its job is taken away', async () => {
    const aborting = new AbortController()
    const smtpUrl = await serveBadly(() => aborting.abort())
    await expect(
      mailTo(smtpUrl, { connectMs: 60_000, silenceMs: 60_000, totalMs: 60_000 }).send(MAIL, aborting.signal),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })
})

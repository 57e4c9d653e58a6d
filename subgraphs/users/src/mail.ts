import type { Config } from '@ashlar/kit/config'
import type { Logger } from '@ashlar/kit/log'
import { writeMail } from './mail/layout.js'
import { saveMails } from './mail/mail-files.js'
import { SMTP_PATIENCE, sendBySmtp } from './mail/smtp.js'
import { type Mail, wordsOf } from './mail/words.js'

export interface Mailer {
  /** Sends one mail. Throws where the server refuses it or can't be reached, so that its job is done again. */
  send(mail: Mail, signal?: AbortSignal): Promise<void>
  close(): void
}

/** A message as it goes out, by whichever way. */
export interface Message {
  readonly from: string
  readonly to: { readonly name: string; readonly address: string }
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
  /** What wrote it is nobody's business. */
  readonly xMailer: false
}

/** One way out: an SMTP server, or files. */
export interface MailTransport {
  deliver(message: Message, kind: Mail['kind'], signal?: AbortSignal): Promise<void>
  close(): void
}

/** What could end a header or make one address into two. RFC 5321 lets it be quoted; no mailbox that people use has it. */
const UNSAFE_IN_ADDRESS = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}<>,;:()"\\]/u

/** Mail over `SMTP_URL`, or without one into `mail/` of the data folder. The log gets the subject, never a link. */
export function createMailer(
  config: Pick<Config, 'smtpUrl' | 'dataDir' | 'mailFrom' | 'publicUrl'>,
  log: Logger,
  patience = SMTP_PATIENCE,
): Mailer {
  const transport = config.smtpUrl ? sendBySmtp(config.smtpUrl, patience) : saveMails(config.dataDir)
  return {
    async send(mail, signal) {
      if (UNSAFE_IN_ADDRESS.test(mail.to)) throw new Error('a mail was addressed to what is no address')
      const words = wordsOf(mail, config.publicUrl.host)
      const message: Message = {
        from: config.mailFrom,
        to: { name: '', address: mail.to },
        subject: words.subject,
        ...writeMail(words, config.publicUrl),
        // RFC 3834: so that no holiday notice answers it.
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
        xMailer: false,
      }
      await transport.deliver(message, mail.kind, signal)
      log.info({ subject: words.subject }, config.smtpUrl ? 'sent a mail' : 'saved a mail')
    },
    close: () => transport.close(),
  }
}

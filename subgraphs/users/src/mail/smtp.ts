import { types } from 'node:util'
import { createTransport } from 'nodemailer'
import type { MailTransport } from '../mail.js'
import { mailFailureOf } from './smtp-failure.js'

/** How long a server may take, so that one that hangs does not hold a job for ever. */
export interface SmtpPatience {
  readonly connectMs: number
  readonly silenceMs: number
  /** For one mail, from the first byte to the last answer. */
  readonly totalMs: number
}

export const SMTP_PATIENCE: SmtpPatience = { connectMs: 10_000, silenceMs: 20_000, totalMs: 60_000 }

/** Hands each message to an SMTP server. Rejects with MailFailure where it is refused, with an AbortError where it takes too long. */
export function sendBySmtp(smtpUrl: string, { connectMs, silenceMs, totalMs }: SmtpPatience): MailTransport {
  const transporter = createTransport({
    url: smtpUrl,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async deliver(message, _kind, signal) {
      try {
        await transporter.sendMail({
          ...message,
          to: { ...message.to },
          signal: AbortSignal.any([AbortSignal.timeout(totalMs), ...(signal ? [signal] : [])]),
        })
      } catch (error) {
        throw types.isNativeError(error) && error.name === 'AbortError' ? error : mailFailureOf(error)
      }
    },
    close: () => transporter.close(),
  }
}

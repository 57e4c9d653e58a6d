import { createTransport } from 'nodemailer'
import type { MailTransport } from '../mail.js'

/** How long a server may take, so that one that hangs does not hold a job for ever. */
export interface SmtpPatience {
  readonly connectMs: number
  readonly silenceMs: number
  /** For one mail, from the first byte to the last answer. */
  readonly totalMs: number
}

export const SMTP_PATIENCE: SmtpPatience = { connectMs: 10_000, silenceMs: 20_000, totalMs: 60_000 }

/** Hands each message to an SMTP server; rejects where it is refused, or not taken in time. */
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
      await transporter.sendMail({
        ...message,
        to: { ...message.to },
        signal: AbortSignal.any([AbortSignal.timeout(totalMs), ...(signal ? [signal] : [])]),
      })
    },
    close: () => transporter.close(),
  }
}

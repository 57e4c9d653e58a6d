import { types } from 'node:util'

/** What nodemailer's errors have, as far as they have it. */
interface SmtpError {
  readonly code?: unknown
  readonly response?: unknown
  readonly responseCode?: unknown
  readonly command?: unknown
}

/**
 * A mail that did not go out. It ends up in the log and beside its job, so it has no words of the server's, which like to quote the
 * address or the link that they refuse, and none of the mail's: codes tell an operator enough.
 */
export class MailFailure extends Error {
  override name = 'MailFailure'

  constructor(
    message: string,
    /** nodemailer's, such as EENVELOPE. */
    readonly code: string,
    /** The server's, by RFC 5321; null where it did not come to an answer. */
    readonly responseCode: number | null,
  ) {
    super(message)
  }
}

/** What went wrong, in our own words. */
export function mailFailureOf(error: unknown): MailFailure {
  const { code: given, response, responseCode: answered, command } = types.isNativeError(error) ? (error as SmtpError) : {}
  const code = textOf(given, /^[A-Z_]{1,40}$/) ?? 'UNKNOWN'
  const responseCode = typeof answered === 'number' ? answered : null
  const step = textOf(command, /^[A-Z][A-Z0-9 -]{0,30}$/)
  if (response === undefined && types.isNativeError(error) && (step === 'CONN' || step === 'STARTTLS')) {
    // Of the connection alone, and the machine's own words: nothing of the mail has gone out, or come back.
    return new MailFailure(`the mail server can't be reached: ${error.message}`, code, null)
  }
  // RFC 3463: 5.1.1 is a mailbox that does not exist, 5.7.1 what a policy refuses.
  const status = textOf(response, /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?![\d.])/)
  const answer = [responseCode, status, step && `to ${step}`].filter(Boolean).join(' ')
  return new MailFailure(answer ? `a mail was refused: ${answer}` : `a mail was not sent: ${code}`, code, responseCode)
}

/** A value of the form that is expected, or its first group; null for any other. */
function textOf(value: unknown, form: RegExp): string | null {
  const found = typeof value === 'string' ? value.match(form) : null
  return found && (found[1] ?? found[0])
}

import { type FormEvent, useState } from 'react'
import { Field } from './field.js'
import { session } from './use-session.js'
import { UNREACHABLE, type Words, wordsFor } from './words.js'

const NOTHING: Words = { whole: null, fields: {} }

/** Asks for the mail that sets a new password; the answer never tells whether there is such an account. */
export function ForgottenPasswordForm() {
  const [words, setWords] = useState(NOTHING)
  const [mailed, setMailed] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (busy) return
    const email = String(new FormData(event.currentTarget).get('email') ?? '').trim()
    setBusy(true)
    setWords(NOTHING)
    const outcome = await session.requestPasswordReset(email)
    setBusy(false)
    if (outcome.kind === 'refused') setWords(wordsFor(outcome.error))
    else if (outcome.kind === 'unreachable') setWords({ whole: UNREACHABLE, fields: {} })
    else setMailed(email)
  }

  if (mailed)
    return (
      <p role="status">
        If <strong>{mailed}</strong> has an account, a mail with a link to a new password is on its way.
      </p>
    )
  return (
    <form onSubmit={submit} aria-busy={busy}>
      <Field label="Email address of the account" name="email" type="email" autoComplete="email" required error={words.fields.email} />
      <p className="refusal" role="alert">
        {words.whole}
      </p>
      <button type="submit" className="primary" aria-disabled={busy}>
        {busy ? 'Sending …' : 'Mail me a link'}
      </button>
    </form>
  )
}

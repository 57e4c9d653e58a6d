import { type FormEvent, useState } from 'react'
import { Field } from './field.js'
import { session } from './use-session.js'
import { UNREACHABLE, type Words, wordsFor } from './words.js'

const NOTHING: Words = { whole: null, fields: {} }

/** An account of one's own; signed in at once, or told to look into the mail where addresses are confirmed first. */
export function SignUpForm({ onDone }: { readonly onDone: () => void }) {
  const [words, setWords] = useState(NOTHING)
  const [mailed, setMailed] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (busy) return
    const form = event.currentTarget
    const values = new FormData(form)
    const text = (name: string) => String(values.get(name) ?? '').trim()
    setBusy(true)
    setWords(NOTHING)
    const outcome = await session.signUp({
      username: text('username'),
      email: text('email'),
      password: String(values.get('password') ?? ''),
    })
    setBusy(false)
    switch (outcome.kind) {
      case 'done':
        form.reset()
        return onDone()
      case 'confirm-email':
        return setMailed(text('email'))
      case 'unreachable':
        return setWords({ whole: UNREACHABLE, fields: {} })
      case 'refused':
        return setWords(wordsFor(outcome.error))
    }
  }

  if (mailed)
    return (
      <p role="status">
        A mail is on its way to <strong>{mailed}</strong>. Open the link in it, then sign in here.
      </p>
    )
  return (
    <form onSubmit={submit} aria-busy={busy}>
      <Field
        label="Username"
        name="username"
        hint="3 to 30 of a–z, 0–9 and _"
        autoComplete="username"
        required
        pattern="[A-Za-z0-9_]{3,30}"
        title="3 to 30 of a–z, 0–9 and _"
        error={words.fields.username}
      />
      <Field label="Email address" name="email" type="email" autoComplete="email" required error={words.fields.email} />
      <Field
        label="Password"
        name="password"
        hint="At least 8 characters"
        type="password"
        autoComplete="new-password"
        required
        minLength={8}
        maxLength={1_000}
        error={words.fields.password}
      />
      <p className="refusal" role="alert">
        {words.whole}
      </p>
      <button type="submit" className="primary" aria-disabled={busy}>
        {busy ? 'Creating …' : 'Create account'}
      </button>
    </form>
  )
}

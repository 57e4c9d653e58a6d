import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Field } from './field.js'
import type { GraphError } from './graph.js'
import { session } from './use-session.js'
import { UNREACHABLE, type Words, wordsFor } from './words.js'

const NOTHING: Words = { whole: null, fields: {} }

/** Username or address and password, and the second factor once it is asked for. */
export function SignInForm({ onDone }: { readonly onDone: () => void }) {
  const [words, setWords] = useState(NOTHING)
  const [asksForCode, setAsksForCode] = useState(false)
  const [busy, setBusy] = useState(false)
  const code = useRef<HTMLInputElement>(null)

  useEffect(() => {
    if (asksForCode) code.current?.focus()
  }, [asksForCode])

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (busy) return
    const form = event.currentTarget
    const values = new FormData(form)
    const text = (name: string) => String(values.get(name) ?? '').trim()
    const totpCode = text('totpCode').replaceAll(' ', '')
    setBusy(true)
    setWords(NOTHING)
    const outcome = await session.signIn({
      login: text('login'),
      password: String(values.get('password') ?? ''),
      ...(asksForCode && totpCode && { totpCode }),
    })
    setBusy(false)
    switch (outcome.kind) {
      case 'done':
        form.reset()
        setAsksForCode(false)
        return onDone()
      case 'confirm-email':
        return
      case 'unreachable':
        return setWords({ whole: UNREACHABLE, fields: {} })
      case 'refused':
        return refuse(outcome.error)
    }
  }

  function refuse(error: GraphError) {
    if (error.extensions?.code === 'TOTP_REQUIRED') return setAsksForCode(true)
    // The password was right a moment ago: a change of it takes the question for the code back.
    if (error.extensions?.code !== 'UNAUTHENTICATED' || !asksForCode) return setWords(wordsFor(error))
    setWords({ whole: null, fields: { totpCode: 'This code is not right, or was used already.' } })
    code.current?.select()
  }

  const forgetCode = () => setAsksForCode(false)

  return (
    <form onSubmit={submit} aria-busy={busy}>
      <Field
        label="Username or email address"
        name="login"
        autoComplete="username"
        required
        onChange={forgetCode}
        error={words.fields.login}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        onChange={forgetCode}
        maxLength={1_000}
        error={words.fields.password}
      />
      {asksForCode && (
        <Field
          ref={code}
          label="Second factor"
          hint="Six digits from your authenticator app, or a recovery code."
          name="totpCode"
          autoComplete="one-time-code"
          required
          error={words.fields.totpCode}
        />
      )}
      <p className="refusal" role="alert">
        {words.whole}
      </p>
      <button type="submit" className="primary" aria-disabled={busy}>
        {busy ? 'Signing in …' : 'Sign in'}
      </button>
    </form>
  )
}

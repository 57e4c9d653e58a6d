import { type ToggleEvent, useRef, useState } from 'react'
import { ForgottenPasswordForm } from './forgotten-password-form.js'
import { instance } from './instance.js'
import type { Account } from './operations.js'
import { SignInForm } from './sign-in-form.js'
import { SignUpForm } from './sign-up-form.js'
import { session, useSession } from './use-session.js'
import { UNREACHABLE, wordsFor } from './words.js'

/** Who is signed in, and the panel to change that. */
export function AccountMenu() {
  const state = useSession()
  const panel = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const close = () => {
    panel.current?.hidePopover()
    // The form that had the focus is gone by now, so that the browser would not give it back by itself.
    button.current?.focus()
  }
  const focusFirst = (event: ToggleEvent<HTMLDivElement>) => {
    if (event.newState === 'open') panel.current?.querySelector<HTMLElement>('input, button.primary')?.focus()
  }

  return (
    <>
      <button ref={button} type="button" className={state.phase === 'signed-out' ? 'account primary' : 'account'} popoverTarget="account">
        <ButtonFace state={state} />
      </button>
      <div id="account" ref={panel} popover="auto" role="dialog" aria-label="Your account" onToggle={focusFirst}>
        {state.phase === 'signed-in' ? <SignedIn account={state.account} onDone={close} /> : <SignedOut onDone={close} />}
      </div>
    </>
  )
}

function ButtonFace({ state }: { readonly state: ReturnType<typeof useSession> }) {
  switch (state.phase) {
    case 'restoring':
      return <span className="quiet">…</span>
    case 'signed-out':
      return 'Sign in'
    case 'signed-in':
      return (
        <>
          <span className="initial" aria-hidden="true">
            {[...state.account.displayName][0]?.toUpperCase()}
          </span>
          <span className="name">{state.account.displayName}</span>
        </>
      )
  }
}

function SignedIn({ account, onDone }: { readonly account: Account; readonly onDone: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  async function signOut() {
    const outcome = await session.signOut()
    if (outcome.kind === 'refused') return setRefusal(wordsFor(outcome.error).whole)
    if (outcome.kind === 'unreachable') return setRefusal(UNREACHABLE)
    setRefusal(null)
    onDone()
  }
  return (
    <>
      <p className="who">
        <strong>{account.displayName}</strong>
        <span>@{account.username}</span>
        {account.email && <span>{account.email}</span>}
        {account.role && account.role !== 'USER' && <span className="role">{account.role.toLowerCase()}</span>}
      </p>
      <p className="note">Operations run as you, unless a header says otherwise.</p>
      <p className="refusal" role="alert">
        {refusal}
      </p>
      <button type="button" className="primary" onClick={signOut}>
        Sign out
      </button>
    </>
  )
}

type Wish = 'sign-in' | 'sign-up' | 'new-password'

function SignedOut({ onDone }: { readonly onDone: () => void }) {
  const [wish, setWish] = useState<Wish>('sign-in')
  return (
    <>
      {instance.signUps && (
        <div className="choice">
          <button type="button" aria-pressed={wish !== 'sign-up'} onClick={() => setWish('sign-in')}>
            Sign in
          </button>
          <button type="button" aria-pressed={wish === 'sign-up'} onClick={() => setWish('sign-up')}>
            Sign up
          </button>
        </div>
      )}
      <WishForm wish={wish} onDone={onDone} />
      {wish === 'sign-in' && (
        <button type="button" className="link" onClick={() => setWish('new-password')}>
          Forgot your password?
        </button>
      )}
      {instance.providers.length > 0 && (
        <div className="providers">
          {instance.providers.map(({ label, url }) => (
            <a key={url} href={`${url}?return=/graphql`}>
              Continue with {label}
            </a>
          ))}
        </div>
      )}
    </>
  )
}

function WishForm({ wish, onDone }: { readonly wish: Wish; readonly onDone: () => void }) {
  switch (wish) {
    case 'sign-in':
      return <SignInForm onDone={onDone} />
    case 'sign-up':
      return <SignUpForm onDone={onDone} />
    case 'new-password':
      return <ForgottenPasswordForm />
  }
}

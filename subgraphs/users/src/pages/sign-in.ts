import { type Answer, redirectTo, show, showProblem } from './answer.js'
import { form, link, ways } from './controls.js'
import type { Page } from './document.js'
import { enter } from './enter.js'
import { type Html, html } from './html.js'
import { landingPage } from './landing.js'
import { type Problem, problemOf } from './problem.js'
import type { Visit } from './visit.js'

// Not which of the two: nobody is to learn who has an account.
const WRONG = 'There is no account with this name and password.'

/** `/sign-in`: the form, or who is signed in already. */
export const openSignIn = async (visit: Visit): Promise<Answer> =>
  // A cookie may be an app's as well, of a page of the same site: nobody is signed in to ours by that.
  visit.caller.identity?.credential === 'session' ? show(await landingPage(visit)) : show(signInPage(visit, null))

export async function sendSignIn(visit: Visit): Promise<Answer> {
  try {
    return await enter(visit, { by: 'password', login: visit.field('login'), password: visit.field('password') })
  } catch (error) {
    const problem = problemOf(error, visit.house.log, { UNAUTHENTICATED: WRONG })
    return showProblem(signInPage(visit, problem), problem)
  }
}

/** What only a form is sent to: who comes back there by the address bar begins anew. */
export const toSignIn = (): Answer => redirectTo('/sign-in')

/** Ends the session of the cookie; without one there is nothing to end. */
export async function sendSignOut({ caller, house }: Visit): Promise<Answer> {
  if (caller.identity) await house.services.sessions.signOut(caller)
  caller.reply.refreshCookie = null
  return redirectTo('/sign-in')
}

function signInPage(visit: Visit, problem: Problem | null): Page {
  const { signUps } = visit.house.config
  return {
    heading: 'Sign in',
    body: html`${form(visit, {
      action: '/sign-in',
      fields: [
        { name: 'login', label: 'Username or e-mail address', autocomplete: 'username', maxlength: 254 },
        { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
      ],
      button: 'Sign in',
      problem,
    })}
${providerButtons(visit)}
${ways(
  signUps !== 'closed' && html`New here? ${link(visit, '/sign-up', 'Create an account')}`,
  link(visit, '/request-sign-in-link', 'Get a sign-in link by mail'),
  link(visit, '/request-password-reset', 'Forgot your password?'),
)}`,
  }
}

/** A way in by each OpenID provider of the configuration. */
export function providerButtons(visit: Visit): Html | null {
  const { providers } = visit.house.services.openId
  if (providers.length === 0) return null
  return html`<p class="or">or</p>
${providers.map(({ name, label }) => link(visit, `/sign-in/${name}`, `Continue with ${label}`, 'button plain'))}`
}

import { type Answer, show, showProblem } from './answer.js'
import { form, link, ways } from './controls.js'
import type { Page } from './document.js'
import { type Entry, entered, signIn } from './enter.js'
import { html } from './html.js'
import { type Problem, problemOf } from './problem.js'
import { problemPage } from './problem-pages.js'
import type { Visit } from './visit.js'

const PURPOSE = 'second factor page'
const SECONDS = 10 * 60
const WRONG = 'This code is not right, or it was used already. Your authenticator shows the next one within half a minute.'

/**
 * Asks for the code. What was proved so far waits in the page itself, sealed for this browser, so that nobody has to type a password
 * twice and no process remembers one. The service proves it again together with the code.
 */
export async function secondFactor(visit: Visit, entry: Entry): Promise<Answer> {
  const sealed = await visit.house.seals.seal(PURPOSE, entry, visit.formSecret.value, SECONDS)
  return show(secondFactorPage(visit, sealed, null), 401)
}

/** The code, together with what waited for it. */
export async function giveSecondFactor(visit: Visit): Promise<Answer> {
  const { seals, log } = visit.house
  const sealed = visit.field('entry')
  const entry = await seals.open<Entry>(PURPOSE, sealed, visit.formSecret.value)
  if (!entry) return show(problemPage(TOO_LATE), TOO_LATE.status)
  try {
    return await entered(visit, await signIn(visit, entry, visit.field('totpCode').trim()))
  } catch (error) {
    const problem = problemOf(error, log, { UNAUTHENTICATED: WRONG, TOTP_REQUIRED: WRONG })
    return showProblem(secondFactorPage(visit, sealed, problem), problem)
  }
}

const TOO_LATE: Problem = {
  code: 'UNAUTHENTICATED',
  status: 401,
  words: 'The code was asked for too long ago, or in another browser. Please sign in again.',
  fields: {},
  retryAfterSeconds: null,
}

const secondFactorPage = (visit: Visit, entry: string, problem: Problem | null): Page => ({
  heading: 'One more step',
  body: html`<p class="lead">Enter the six digits that your authenticator shows now, or one of your recovery codes.</p>
${form(visit, {
  action: '/second-factor',
  fields: [{ name: 'totpCode', label: 'Code', autocomplete: 'one-time-code', looks: 'code', maxlength: 40 }],
  hidden: { entry },
  button: 'Sign in',
  problem,
})}
${ways(link(visit, '/sign-in', 'Start over'))}`,
})

import { forbidden } from '@ashlar/kit/errors'
import { newSecret } from '../secrets.js'
import { type Answer, show, showProblem } from './answer.js'
import { EMAIL, form, link, newPassword, USERNAME, ways } from './controls.js'
import type { Page } from './document.js'
import { entered } from './enter.js'
import { html } from './html.js'
import { type Problem, problemOf } from './problem.js'
import { problemPage } from './problem-pages.js'
import { providerButtons } from './sign-in.js'
import type { Visit } from './visit.js'

const KEY_BYTES = 24

/** `/sign-up`: the form for an account of one's own. */
export function openSignUp(visit: Visit): Answer {
  if (visit.house.config.signUps !== 'closed') return show(signUpPage(visit, null))
  const problem = problemOf(forbidden('New accounts are not open here. Whoever runs this place can tell you more.'), visit.house.log)
  return showProblem(problemPage(problem), problem)
}

export async function sendSignUp(visit: Visit): Promise<Answer> {
  const { caller, house } = visit
  const email = visit.field('email').trim()
  try {
    const signedIn = await house.services.signUps.signUp(caller, {
      username: visit.field('username').trim(),
      email,
      password: visit.field('password'),
      displayName: visit.field('displayName').trim() || null,
      // One of the form's own: sent twice, by an impatient hand or a browser that lost the answer, it makes one account.
      idempotencyKey: visit.field('key') || null,
    })
    return signedIn ? await entered(visit, signedIn) : show(confirmPage(email))
  } catch (error) {
    const problem = problemOf(error, house.log)
    return showProblem(signUpPage(visit, problem), problem)
  }
}

const signUpPage = (visit: Visit, problem: Problem | null): Page => ({
  heading: 'Create an account',
  body: html`${form(visit, {
    action: '/sign-up',
    fields: [
      USERNAME,
      { name: 'displayName', label: 'Name', autocomplete: 'name', hint: 'How others see you', optional: true, maxlength: 300 },
      EMAIL,
      { ...newPassword('password'), label: 'Password' },
    ],
    // Another input is another sign-up.
    hidden: { key: newSecret(KEY_BYTES) },
    button: 'Create the account',
    problem,
  })}
${providerButtons(visit)}
${ways(html`Already here? ${link(visit, '/sign-in', 'Sign in')}`)}`,
})

const confirmPage = (email: string): Page => ({
  heading: 'Look into your mail',
  body: html`<p class="lead">A mail is on its way to <strong>${email}</strong>. The link in it creates your account; it works for 24 hours.</p>
<p class="lead">Nothing there after a few minutes? Look among the unwanted mail, or <a href="/sign-up">try again</a>.</p>`,
})

import { type Answer, show, showProblem } from './answer.js'
import { EMAIL, form, link, ways } from './controls.js'
import type { Page } from './document.js'
import { html } from './html.js'
import { type Problem, problemOf } from './problem.js'
import type { Visit } from './visit.js'

interface MailRequest {
  readonly action: string
  readonly heading: string
  readonly words: string
  readonly button: string
  /** What the mail is good for, and how long. */
  readonly promise: string
  send(visit: Visit, email: string): Promise<void>
}

/** `/request-password-reset` */
export const passwordReset: MailRequest = {
  action: '/request-password-reset',
  heading: 'Forgot your password?',
  words: 'Tell us the address of your account, and a link to choose a new password comes by mail.',
  button: 'Send the link',
  promise: 'a mail with a link to choose a new password. It works for 60 minutes.',
  send: ({ caller, house }, email) => house.services.passwordResets.request(caller, { email }),
}

/** `/request-sign-in-link` */
export const signInLink: MailRequest = {
  action: '/request-sign-in-link',
  heading: 'Sign in by mail',
  words: 'Tell us the address of your account, and a link that signs you in comes by mail.',
  button: 'Send the link',
  promise: 'a mail with a link that signs you in. It works for 15 minutes.',
  send: ({ caller, house }, email) => house.services.signInLinks.request(caller, { email }),
}

export const openRequest =
  (what: MailRequest) =>
  (visit: Visit): Answer =>
    show(requestPage(visit, what, null))

/** Says the same for every address, so that nobody learns which have accounts. */
export const sendRequest =
  (what: MailRequest) =>
  async (visit: Visit): Promise<Answer> => {
    const email = visit.field('email').trim()
    try {
      await what.send(visit, email)
    } catch (error) {
      const problem = problemOf(error, visit.house.log)
      return showProblem(requestPage(visit, what, problem), problem)
    }
    return show(sentPage(what, email))
  }

const requestPage = (visit: Visit, { action, heading, words, button }: MailRequest, problem: Problem | null): Page => ({
  heading,
  body: html`<p class="lead">${words}</p>
${form(visit, { action, fields: [EMAIL], button, problem })}
${ways(link(visit, '/sign-in', 'Back to signing in'))}`,
})

const sentPage = ({ action, promise }: MailRequest, email: string): Page => ({
  heading: 'Look into your mail',
  body: html`<p class="lead">If <strong>${email}</strong> belongs to an account here, it gets ${promise}</p>
<p class="lead">Nothing there after a few minutes? Look among the unwanted mail, or <a href="${action}">try again</a>.</p>`,
})

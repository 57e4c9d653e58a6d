import { notice } from './controls.js'
import type { Page } from './document.js'
import { html } from './html.js'
import type { Problem } from './problem.js'
import type { Visit } from './visit.js'

const HEADINGS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'You are not signed in',
  FORBIDDEN: 'This is not open to you',
  NOT_FOUND: 'There is no such page',
  CONFLICT: 'This is taken',
  RATE_LIMITED: 'Not so fast',
  SUBGRAPH_UNAVAILABLE: 'Not just now',
  INTERNAL_SERVER_ERROR: 'Something went wrong',
}

/** What stands where there is no form to show a problem on. */
export const problemPage = ({ code, words, fields }: Problem, back: { path: string; words: string } = SIGN_IN): Page => ({
  heading: HEADINGS[code] ?? 'This can not be',
  body: html`${notice(
    words ??
      Object.entries(fields)
        .map(([name, fault]) => `${name} ${fault}`)
        .join('; '),
    'refused',
  )}
<form action="${back.path}"><button class="button plain">${back.words}</button></form>`,
})

const SIGN_IN = { path: '/sign-in', words: 'Go to the sign-in page' }

/** A form that did not come from a page of ours, or from one of a browser that keeps no cookies. */
export const forgedPage = ({ request }: Visit): Page => ({
  heading: 'Please try again',
  body: html`${notice('This form did not come from a page of ours that is open in this browser.', 'refused')}
<p class="lead">That happens when the page was open since before the browser was closed, or when the browser keeps no cookies.</p>
<form action="${new URL(request.url, 'http://own').pathname}"><button class="button plain">Open the page anew</button></form>`,
})

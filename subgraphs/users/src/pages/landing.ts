import { form } from './controls.js'
import type { Page } from './document.js'
import { html } from './html.js'
import type { Visit } from './visit.js'

/** Who is signed in, and the ways on. */
export async function landingPage(visit: Visit): Promise<Page> {
  const { username, displayName, email, role } = await visit.house.services.ownAccounts.read(visit.caller)
  return {
    heading: 'You are signed in',
    body: html`<div class="person">
<span class="initial" aria-hidden="true">${[...displayName][0]?.toUpperCase()}</span>
<p><strong>${displayName}</strong>${email ?? `@${username}`}</p>
</div>
<a class="button" href="${visit.returnTo ?? '/'}">Continue</a>
${role === 'GUEST' && html`<a class="button plain" href="/sign-up">Keep what is yours: create an account</a>`}
${form(visit, { action: '/sign-out', fields: [], button: 'Sign out', problem: null, looks: 'plain' })}`,
  }
}

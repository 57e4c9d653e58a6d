import type { OpenIdProvider } from '@ashlar/kit/config'
import { notFound, unauthenticated } from '@ashlar/kit/errors'
import type { OpenIdAttempt } from '../openid.js'
import { type Answer, redirectTo, show, showProblem } from './answer.js'
import type { Page } from './document.js'
import { enter } from './enter.js'
import { html } from './html.js'
import { problemOf } from './problem.js'
import { problemPage } from './problem-pages.js'
import type { Visit } from './visit.js'

const PURPOSE = 'openid attempt'
const SECONDS = 10 * 60

interface Attempt {
  readonly agreed: OpenIdAttempt
  readonly returnTo: string | null
}

/** `/sign-in/<provider>`: off to the provider, with what was agreed in a cookie of this browser. */
export async function beginOpenId(visit: Visit): Promise<Answer> {
  const { house, request, returnTo, search } = visit
  const provider = providerOf(visit)
  // The way back is the public address, so this is where the cookie has to be: localhost and 127.0.0.1 keep theirs apart.
  if (request.headers.host !== visit.host) return redirectTo(new URL(`/sign-in/${provider.name}${search}`, house.config.publicUrl).href)
  const { address, attempt: agreed } = await house.services.openId.begin(provider)
  const attempt: Attempt = { agreed, returnTo }
  visit.cookies.push(house.attemptCookie.serialize(await house.seals.seal(PURPOSE, attempt, '', SECONDS), null))
  return redirectTo(address.href)
}

/** `/sign-in/<provider>/callback`: the way back. Whatever it brings, the attempt is over. */
export async function finishOpenId(visit: Visit): Promise<Answer> {
  const { house, request, search } = visit
  const provider = providerOf(visit)
  visit.cookies.push(house.attemptCookie.clear())
  try {
    const sealed = house.attemptCookie.parse(request.headers.cookie)
    const attempt = sealed === null ? null : await house.seals.open<Attempt>(PURPOSE, sealed, '')
    if (attempt?.agreed.provider !== provider.name) throw unauthenticated({ message: NO_ATTEMPT })
    visit.returnTo = attempt.returnTo
    // Each one that goes on from here asks the provider.
    await house.throttle.attempt('token', visit.caller.request.clientAddress)
    const claims = await house.services.openId.finish(provider, attempt.agreed, search)
    const answer = await enter(visit, { by: 'openid', claims })
    return 'redirectTo' in answer ? show(onwardPage(answer.redirectTo)) : answer
  } catch (error) {
    const problem = problemOf(error, house.log)
    return showProblem(problemPage(problem, { path: '/sign-in', words: 'Back to signing in' }), problem)
  }
}

const NO_ATTEMPT = 'This sign-in was not begun in this browser, it was finished already, or it took too long.'

function providerOf({ house, request }: Visit): OpenIdProvider {
  const provider = house.services.openId.provider(String((request.params as { provider?: unknown }).provider))
  if (!provider) throw notFound()
  return provider
}

/**
 * Goes on by itself. A redirect would count as coming from the provider's site, for which the browser keeps back the session's strict
 * cookie; a step from a page of our own does not.
 */
const onwardPage = (path: string): Page => ({
  heading: 'You are signed in',
  goesOnTo: path,
  body: html`<p class="lead"><a href="${path}">Continue</a></p>`,
})

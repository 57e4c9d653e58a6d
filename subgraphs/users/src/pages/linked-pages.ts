import { type Answer, show, showProblem } from './answer.js'
import { type Field, form } from './controls.js'
import type { Page } from './document.js'
import { type Html, html } from './html.js'
import type { LinkedPage } from './links.js'
import { type Problem, problemOf } from './problem.js'
import type { Visit } from './visit.js'

/** A page that a mailed or printed link opens. It acts on its button alone: scanners of mails follow links, and some run scripts. */
export interface Linked<Owner> {
  readonly page: LinkedPage
  readonly heading: string
  readonly fields: readonly Field[]
  /** Where a new link comes from. */
  readonly again: Html
  /** Whom the link is for; null for one that is not valid, or no longer. Spends nothing. */
  peek(visit: Visit, token: string): Promise<Owner | null>
  /** What will happen, and to which account. */
  words(owner: Owner): Html
  button(owner: Owner): string
  /** Whose account it is, where there is one already. */
  username?(owner: Owner): string
  act(visit: Visit, token: string): Promise<Answer>
}

/** A GET: no server has the token yet. The script sends the form as soon as it has put it in; without scripts a person pastes it. */
export const openLinked =
  <Owner>(linked: Linked<Owner>) =>
  (visit: Visit): Answer =>
    show({
      heading: linked.heading,
      readsFragment: true,
      body: html`<p class="lead">Open the link as it came, or paste it here, whole.</p>
${form(visit, {
  action: `/${linked.page}`,
  fields: [{ name: 'token', label: 'The link', autocomplete: 'off' }],
  hidden: { step: 'open' },
  button: 'Go on',
  problem: null,
  opens: true,
})}
<p class="ways">${linked.again}</p>`,
    })

/** First names the account, and then, on the button, acts. */
export const sendLinked =
  <Owner>(linked: Linked<Owner>) =>
  async (visit: Visit): Promise<Answer> => {
    const token = tokenIn(visit.field('token'))
    const owner = await linked.peek(visit, token)
    if (!owner) return show(deadPage(linked), 410)
    if (visit.field('step') === 'open') return show(actPage(visit, linked, owner, token, null))
    try {
      return await linked.act(visit, token)
    } catch (error) {
      const problem = problemOf(error, visit.house.log)
      return showProblem(actPage(visit, linked, owner, token, problem), problem)
    }
  }

/** The token of a whole link, or what is one already. */
const tokenIn = (text: string): string => text.slice(text.lastIndexOf('#') + 1).trim()

const actPage = <Owner>(visit: Visit, linked: Linked<Owner>, owner: Owner, token: string, problem: Problem | null): Page => ({
  heading: linked.heading,
  body: html`<p class="lead">${linked.words(owner)}</p>
${form(visit, {
  action: `/${linked.page}`,
  fields: linked.fields,
  ...(linked.username && { username: linked.username(owner) }),
  hidden: { token },
  button: linked.button(owner),
  problem,
})}`,
})

const deadPage = ({ again }: Pick<Linked<unknown>, 'again'>): Page => ({
  heading: 'This link is no longer good',
  body: html`<p class="lead">It was used already, it is too old, or a newer one has taken its place.</p>
<p class="ways">${again}</p>`,
})

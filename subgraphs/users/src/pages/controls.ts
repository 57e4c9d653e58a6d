import { type Html, html } from './html.js'
import type { Problem } from './problem.js'
import type { Visit } from './visit.js'

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password'
  /** By the HTML standard's list, so that password managers know it. */
  readonly autocomplete: string
  readonly hint?: string
  readonly optional?: true
  readonly inputmode?: 'numeric'
  readonly maxlength?: number
  readonly minlength?: number
  readonly looks?: 'code'
}

export interface Form {
  readonly action: string
  readonly fields: readonly Field[]
  /** Whose password it is, for password managers. */
  readonly username?: string
  /** What goes along unseen. */
  readonly hidden?: Readonly<Record<string, string>>
  readonly button: string
  readonly problem: Problem | null
  /** Not what a person most likely came for. */
  readonly looks?: 'plain'
  /** Sent by the script as soon as it knows the token. */
  readonly opens?: true
}

/** A form with all that each of ours has. What was filled in stays, but for passwords. */
export function form(visit: Visit, { action, fields, username, hidden = {}, button, problem, looks, opens }: Form): Html {
  const { returnTo } = visit
  const unseen = { form: visit.formToken, ...(returnTo !== null && { return: returnTo }), ...hidden }
  const empty = ({ name, type }: Field) => type === 'password' || visit.field(name) === ''
  const next = fields.find(({ name }) => problem?.fields[name] !== undefined) ?? fields.find(empty) ?? fields[0]
  return html`${problem?.words && notice(problem.words, 'refused')}
<form method="post" action="${action}"${opens && html` data-opens`}>
${Object.entries(unseen).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${username && html`<input type="text" autocomplete="username" value="${username}" readonly hidden>`}
${fields.map((each) => field(each, visit.field(each.name), problem?.fields[each.name], each === next && !opens))}
<button class="button${looks && ` ${looks}`}">${button}</button>
</form>`
}

function field(of: Field, value: string, fault: string | undefined, autofocus: boolean): Html {
  const { name, label, type = 'text', hint } = of
  return html`<div class="field">
<label for="${name}">${label}${of.optional && html` <span class="optional">(optional)</span>`}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${of.autocomplete}"${attributes({
    value: type === 'password' || of.looks === 'code' ? null : value || null,
    class: of.looks,
    inputmode: of.inputmode,
    minlength: of.minlength,
    maxlength: of.maxlength,
    'aria-invalid': fault && 'true',
    'aria-describedby': (fault && `${name}-fault`) ?? (hint && `${name}-hint`),
    autocapitalize: of.autocomplete === 'name' ? 'words' : 'none',
  })} spellcheck="false"${!of.optional && html` required`}${autofocus && html` autofocus`}>
${fault ? html`<p class="fault" id="${name}-fault">${label} ${fault}.</p>` : hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
</div>`
}

const attributes = (given: Readonly<Record<string, string | number | null | undefined>>): Html[] =>
  Object.entries(given).flatMap(([name, value]) => (value === null || value === undefined ? [] : [html` ${name}="${value}"`]))

/** A sentence that has to be noticed: read out at once where it says that something went wrong. */
export const notice = (words: string, kind: 'done' | 'refused'): Html =>
  kind === 'refused' ? html`<p class="notice refused" role="alert">${words}</p>` : html`<p class="notice" role="status">${words}</p>`

/** A link to another page of these, that keeps where the person wanted to go. */
export function link(visit: Visit, path: string, words: string, looks?: 'button' | 'button plain'): Html {
  const { returnTo } = visit
  const address = returnTo === null ? path : `${path}?${new URLSearchParams({ return: returnTo })}`
  return html`<a href="${address}"${looks && html` class="${looks}"`}>${words}</a>`
}

/** The other ways on from a page. */
export const ways = (...links: readonly (Html | false)[]): Html =>
  html`<ul class="ways">${links.flatMap((each) => (each ? [html`<li>${each}</li>`] : []))}</ul>`

export const USERNAME: Field = {
  name: 'username',
  label: 'Username',
  autocomplete: 'username',
  hint: '3 to 30 of a–z, 0–9 and _',
  minlength: 3,
  maxlength: 30,
}

export const EMAIL: Field = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email', maxlength: 254 }

export const newPassword = (name: string): Field => ({
  name,
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hint: 'At least 8 characters: the longer, the better',
  minlength: 8,
})

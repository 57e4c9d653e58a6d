import type { LinkOwner } from '../mail-tokens.js'
import { show } from './answer.js'
import { EMAIL, newPassword, USERNAME } from './controls.js'
import { enter, entered } from './enter.js'
import { html } from './html.js'
import type { Linked } from './linked-pages.js'

/** `/sign-in-link` */
export const signInByLink: Linked<LinkOwner> = {
  page: 'sign-in-link',
  heading: 'Sign in',
  fields: [],
  again: html`<a href="/request-sign-in-link">Get a new sign-in link</a>`,
  peek: ({ house }, token) => house.services.signInLinks.peek(token),
  words: ({ username, email }) => html`This link signs you in as <strong>${username}</strong> (${email}).`,
  button: ({ username }) => `Sign in as ${username}`,
  act: (visit, token) => enter(visit, { by: 'link', token }),
}

/** `/reset-password` */
export const resetPassword: Linked<LinkOwner> = {
  page: 'reset-password',
  heading: 'Choose a new password',
  fields: [newPassword('newPassword')],
  again: html`<a href="/request-password-reset">Get a new link</a>`,
  peek: ({ house }, token) => house.services.passwordResets.peek(token),
  words: ({ username, email }) =>
    html`For the account <strong>${username}</strong> (${email}). This signs it out everywhere else and ends its API keys.`,
  button: () => 'Set the password and sign in',
  username: ({ username }) => username,
  act: (visit, token) => enter(visit, { by: 'reset', token, newPassword: visit.field('newPassword') }),
}

/** `/confirm-email` */
export const confirmEmail: Linked<LinkOwner> = {
  page: 'confirm-email',
  heading: 'Confirm your address',
  fields: [],
  again: html`<a href="/sign-in">Sign in, to ask for a new link</a>`,
  peek: ({ house }, token) => house.services.emailAddresses.peek(token),
  words: ({ username, email }) => html`<strong>${email}</strong> becomes the address of the account <strong>${username}</strong>.`,
  button: () => 'Confirm the address',
  async act({ caller, house }, token) {
    await house.services.emailAddresses.verify(caller, { token })
    const ways = html`<form action="/sign-in"><button class="button">Continue</button></form>`
    return show({ heading: 'Your address is confirmed', body: html`<p class="lead">Thank you, that was all.</p>\n${ways}` })
  },
}

/** `/claim-ownership`: the link that the first start prints. */
export const claimOwnership: Linked<true> = {
  page: 'claim-ownership',
  heading: 'Make this place yours',
  fields: [USERNAME, EMAIL, { ...newPassword('password'), label: 'Password' }],
  again: html`While there is no owner, each start of the server prints a new link.`,
  peek: async ({ house }, token) => (await house.services.ownership.peek(token)) || null,
  words: () => html`This makes the first account, which may do everything here. The link works once.`,
  button: () => 'Create the owner’s account',
  async act(visit, token) {
    const signedIn = await visit.house.services.ownership.claim(visit.caller, {
      token,
      username: visit.field('username').trim(),
      email: visit.field('email').trim(),
      password: visit.field('password'),
    })
    return entered(visit, signedIn)
  },
}

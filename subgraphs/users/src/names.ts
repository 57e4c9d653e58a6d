import { randomInt } from 'node:crypto'
import { badUserInput } from '@ashlar/kit/errors'
import { checkText } from '@ashlar/kit/text'

const USERNAME = /^[A-Za-z0-9_]{3,30}$/
const USERNAME_MAX = 30
const DISPLAY_NAME_MAX = 300
/** RFC 5321, 4.5.3.1: a path of 256 with its angle brackets, a local part of 64. */
const EMAIL_MAX = 254
const LOCAL_PART_MAX = 64
/** Without those that are read for one another. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'

type Path = readonly (string | number)[]

/**
 * The username as it is kept: in lower case, so that one name is one account.
 * The letters are checked first: lower-casing would turn a Kelvin sign into a k.
 * @throws BAD_USER_INPUT
 */
export function checkUsername(username: string, path: Path = ['input', 'username']): string {
  if (!USERNAME.test(username)) throw badUserInput(path, 'is 3 to 30 of a-z, 0-9 and _')
  return username.toLowerCase()
}

/** The name as it is shown: without blanks at its ends, and in the one form in which equal names are equal. @throws BAD_USER_INPUT */
export const checkDisplayName = (displayName: string, path: Path = ['input', 'displayName']): string =>
  checkText(displayName, { path, max: DISPLAY_NAME_MAX, min: 1 }).trim().normalize('NFC')

/** The address with its domain in lower case; the scalar has checked its form. @throws BAD_USER_INPUT */
export function checkEmail(email: string, path: Path = ['input', 'email']): string {
  const at = email.lastIndexOf('@')
  if (email.length > EMAIL_MAX || at < 1 || at > LOCAL_PART_MAX || /[\p{Cc}\p{Zs}<>,;]/u.test(email)) {
    throw badUserInput(path, 'is an e-mail address')
  }
  return `${email.slice(0, at)}@${email.slice(at + 1).toLowerCase()}`
}

/** a***@example.com: enough for its owner to know it by. */
export const maskEmail = (email: string): string => email.replace(/^(.).*(?=@)/u, '$1***')

/** Whether a login can be one at all; what can't is nobody's, and is looked up as nobody's. */
export const isLogin = (login: string): boolean => login.length <= EMAIL_MAX && !/\p{Cc}|\p{Cs}/u.test(login)

const randomLetters = (length: number): string => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** A guest's username, made up. */
export const guestUsername = (): string => `guest_${randomLetters(12)}`

/** What to try as the username of a person who has not chosen one: a name of theirs as far as it fits, then with letters behind it. */
export function* usernamesFor(...suggestions: readonly (string | null)[]): Generator<string> {
  const words = suggestions.map((suggestion) =>
    (suggestion ?? '')
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[\s.+-]+/g, '_')
      .replace(/[^a-z0-9_]/g, '')
      .replace(/^_+|_+$/g, ''),
  )
  const name = words.find((word) => word.length >= 3)?.slice(0, USERNAME_MAX) ?? `user_${randomLetters(6)}`
  yield name
  for (let length = 4; length <= 12; length += 2) yield `${name.slice(0, USERNAME_MAX - 1 - length)}_${randomLetters(length)}`
}

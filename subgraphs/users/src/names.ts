import { badUserInput } from '@ashlar/kit/errors'
import { checkText } from '@ashlar/kit/text'

const USERNAME = /^[A-Za-z0-9_]{3,30}$/
const DISPLAY_NAME_MAX = 300
/** RFC 5321, 4.5.3.1: a path of 256 with its angle brackets, a local part of 64. */
const EMAIL_MAX = 254
const LOCAL_PART_MAX = 64

/**
 * The username as it is kept: in lower case, so that one name is one account.
 * The letters are checked first: lower-casing would turn a Kelvin sign into a k.
 * @throws BAD_USER_INPUT
 */
export function checkUsername(username: string, path: readonly string[] = ['username']): string {
  if (!USERNAME.test(username)) throw badUserInput(path, 'is 3 to 30 of a-z, 0-9 and _')
  return username.toLowerCase()
}

/** @throws BAD_USER_INPUT */
export function checkDisplayName(displayName: string, path: readonly string[] = ['displayName']): string {
  const name = checkText(displayName, { path, max: DISPLAY_NAME_MAX }).trim()
  if (name === '') throw badUserInput(path, 'has a letter at least')
  return name
}

/** The address with its domain in lower case; the scalar has checked its form. @throws BAD_USER_INPUT */
export function checkEmail(email: string, path: readonly string[] = ['email']): string {
  const at = email.lastIndexOf('@')
  if (email.length > EMAIL_MAX || at < 1 || at > LOCAL_PART_MAX || /[\p{Cc}\p{Zs}<>,;]/u.test(email)) {
    throw badUserInput(path, 'is an e-mail address')
  }
  return `${email.slice(0, at)}@${email.slice(at + 1).toLowerCase()}`
}

/** a***@example.com: enough for its owner to know it by. */
export const maskEmail = (email: string): string => email.replace(/^(.).*(?=@)/u, '$1***')

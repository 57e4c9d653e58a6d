import { badUserInput, type Issue, meantError } from './errors.js'

/** Runs several checks of one input, so that whoever sent it learns of everything at once. */
export class Checks {
  private readonly issues: Issue[] = []

  /** The check's value. Once it has failed there is none, and `pass` sees to it that nobody gets to use it. */
  run<Value>(check: () => Value): Value {
    try {
      return check()
    } catch (error) {
      const meant = meantError(error)
      if (meant?.code !== 'BAD_USER_INPUT') throw error
      this.issues.push(...(meant.extensions.issues as readonly Issue[]))
      return undefined as Value
    }
  }

  /** What the checks came to. @throws BAD_USER_INPUT with the issues of all of them */
  pass<Value>(value: Value): Value {
    if (this.issues.length > 0) throw badUserInput(this.issues)
    return value
  }
}

import { checkText } from '@ashlar/kit/text'

export interface Greeting {
  readonly text: string
  /** Which greeting of its series this is, from 1. */
  readonly number: number
}

const NAME_MAX = 300

/** Greets whoever it is told to. */
export class Greetings {
  /** @throws BAD_USER_INPUT for a name of control characters or above 300. */
  greet(name: string): Greeting {
    return { text: `Hello, ${checkText(name, { path: ['name'], max: NAME_MAX })}!`, number: 1 }
  }
}

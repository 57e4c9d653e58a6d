import { checkText } from '@ashlar/kit/text'

export interface Greeting {
  readonly text: string
  /** Which greeting of its series this is, from 1. */
  readonly number: number
}

const NAME_MAX = 300

/** Greets whoever it is told to. */
export class Greetings {
  /** @throws BAD_USER_INPUT for a name that is empty, above 300 characters, or has control characters. */
  greet(name: string): Greeting {
    return { text: `Hello, ${checkText(name, { path: ['name'], min: 1, max: NAME_MAX })}!`, number: 1 }
  }
}

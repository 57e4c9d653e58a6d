import { setTimeout as pause } from 'node:timers/promises'
import { Checks } from '@ashlar/kit/checks'
import { badUserInput } from '@ashlar/kit/errors'
import { checkText } from '@ashlar/kit/text'

export interface Greeting {
  readonly text: string
  /** Which greeting of its series this is, from 1. */
  readonly number: number
}

export interface Series {
  readonly name: string
  readonly count: number
  readonly intervalMs: number
}

const NAME_MAX = 300

/** Greets whoever it is told to. */
export class Greetings {
  /** @throws BAD_USER_INPUT for a name that is empty, above 300 characters, or has control characters. */
  greet(name: string): Greeting {
    return { text: `Hello, ${checkText(name, { path: ['name'], min: 1, max: NAME_MAX })}!`, number: 1 }
  }

  /** The first one at once; ends after the last, or with its timer when `signal` is aborted. @throws BAD_USER_INPUT */
  greetRepeatedly({ name, count, intervalMs }: Series, signal: AbortSignal): AsyncGenerator<Greeting> {
    const checks = new Checks()
    const greeting = checks.run(() => this.greet(name))
    checks.run(() => checkRange(count, 'count', 1, 1_000))
    checks.run(() => checkRange(intervalMs, 'intervalMs', 10, 60_000))
    return series(checks.pass(greeting), count, intervalMs, signal)
  }
}

async function* series(greeting: Greeting, count: number, intervalMs: number, signal: AbortSignal): AsyncGenerator<Greeting> {
  for (let number = 1; number <= count && !signal.aborted; number += 1) {
    yield { ...greeting, number }
    // Aborted, it has no need to say so: the loop sees it.
    if (number < count) await pause(intervalMs, null, { signal }).catch(() => {})
  }
}

function checkRange(value: number, name: string, min: number, max: number): void {
  if (value < min || value > max) throw badUserInput(name, `is ${min} to ${max}`)
}

import { badUserInput } from './errors.js'
import { type Rendered, render } from './text/render.js'
import { builtFile, WorkerLane } from './worker-lane.js'

export type { Rendered }

export interface TextBounds {
  readonly path: readonly (string | number)[]
  /** The longest, in characters (code points). */
  readonly max: number
  /** The shortest without blanks at its ends; 0 unless given. */
  readonly min?: number
}

// Line feeds and tabs are text; U+2028, U+2029 and what turns the writing direction are not control characters by Unicode.
const CONTROL = /[^\P{Cc}\n\t]/u
const LONE_SURROGATE = /\p{Cs}/u

/** The text as it was given, checked. @throws BAD_USER_INPUT for control characters, lone surrogates, and a length out of bounds. */
export function checkText(text: string, { path, max, min = 0 }: TextBounds): string {
  // A string has at least half as many code points as code units: what is far too long is not even counted.
  if (text.length > 2 * max || (text.length > max && [...text].length > max))
    throw badUserInput(path, `has at most ${max.toLocaleString('en')} characters`)
  if (text.trim().length < min) throw badUserInput(path, min === 1 ? 'is empty' : `has at least ${min} characters`)
  const control = CONTROL.exec(text)?.[0]
  if (control !== undefined)
    throw badUserInput(path, `has a control character (U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')})`)
  if (LONE_SURROGATE.test(text)) throw badUserInput(path, 'has half of a surrogate pair')
  return text
}

/** Longer sources are rendered in a thread, so that no text holds up the others. */
const IN_THREAD_FROM = 20_000
const LIMIT_MS = 5_000
const WAITING_MAX = 100

let lane: WorkerLane<string, Rendered> | undefined

/**
 * CommonMark (with tables and autolinks) as sanitised HTML and as plain text.
 * @throws BAD_USER_INPUT for a text that can't be rendered in 5 s and 256 MiB; RATE_LIMITED where too many wait.
 */
export async function renderMarkdown(source: string, path: readonly (string | number)[] = ['content']): Promise<Rendered> {
  if (source.length <= IN_THREAD_FROM) return render(source)
  lane ??= new WorkerLane({
    file: builtFile(import.meta.url, './text/render-worker.js'),
    limitMs: LIMIT_MS,
    waitingMax: WAITING_MAX,
    failure: () => badUserInput(path, 'is too complex to render'),
  })
  return lane.ask(source)
}

/** How long reading takes, in minutes at 200 words each, 1 at least. Scripts without blanks count 500 characters a minute. */
export function readingMinutesOf(text: string): number {
  const unspaced = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0
  const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0
  return Math.max(1, Math.round((unspaced === 0 ? words : words - Math.min(words, unspaced)) / 200 + unspaced / 500))
}

/** The start of a text, cut between words, at most `max` characters with its ellipsis. */
export function excerptOf(text: string, max = 280): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  const characters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(flat.slice(0, max * 8))]
  if (characters.length <= max && flat.length <= max * 8) return flat
  const start = characters
    .slice(0, max - 1)
    .map(({ segment }) => segment)
    .join('')
  const blank = start.lastIndexOf(' ')
  return `${(blank > max / 2 ? start.slice(0, blank) : start).trimEnd()}…`
}

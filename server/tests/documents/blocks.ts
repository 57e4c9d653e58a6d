import { readFileSync } from 'node:fs'

/** One fenced block of a document that can be run. */
export interface Block {
  readonly line: number
  readonly language: 'sh' | 'js'
  /** As a script, without what only installs, starts or tests. */
  readonly script: string
  /** What the document says that it prints, from the JSON right after it. */
  readonly printed: unknown
  /** The variables that its `npm start` is given. */
  readonly started: Readonly<Record<string, string>> | null
  /** The scripts of package.json that it names. */
  readonly scripts: readonly string[]
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm
/** What the tests do in a way of their own. */
const OWN_WAY = /^((?:[A-Z][A-Z0-9_]*=\S+ )*)npm (start|test|install|run [\w:-]+)(?=\s|$).*$/

/** The blocks of a document that are marked `sh` or `js`, in their order. */
export function blocksOf(file: string): Block[] {
  const text = readFileSync(file, 'utf8')
  const fences = [...text.matchAll(FENCE)].map(({ index, 0: whole, 1: language = '', 2: content = '' }) => ({
    language,
    content,
    line: text.slice(0, index).split('\n').length,
    index,
    end: index + whole.length,
  }))
  return fences.flatMap(({ language, content, line, end }, at): Block[] => {
    if (language !== 'sh' && language !== 'js') return []
    const next = fences[at + 1]
    const printed = next?.language === 'json' && text.slice(end, next.index).trim() === '' ? JSON.parse(next.content) : undefined
    const lines = content.split('\n')
    const own = lines.map((command) => command.match(OWN_WAY))
    const start = own.find((match) => match?.[2] === 'start')
    const script = lines.filter((_, number) => !own[number]).join('\n')
    const scripts = own.flatMap((match) => (match?.[2] && match[2] !== 'install' ? [match[2].replace('run ', '')] : []))
    return [{ line, language, script, printed, started: start ? variablesIn(start[1] ?? '') : null, scripts }]
  })
}

const variablesIn = (assignments: string): Record<string, string> =>
  Object.fromEntries(
    assignments
      .trim()
      .split(' ')
      .filter(Boolean)
      .map((assignment) => {
        const [name = '', ...value] = assignment.split('=')
        return [name, value.join('=').replace(/^(['"])(.*)\1$/, '$2')]
      }),
  )

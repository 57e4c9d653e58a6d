export interface ExposedFamily {
  readonly type: string
  readonly help: string
  readonly samples: readonly ExposedSample[]
}

export interface ExposedSample {
  /** That of the family, or with `_bucket`, `_sum` or `_count` behind it. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What Prometheus reads out of a scrape. */
export interface Exposition {
  readonly families: ReadonlyMap<string, ExposedFamily>
  /** The one value of a name that has at least these labels; undefined where there is none. Throws for several. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = `([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"`
const HELP = new RegExp(`^# HELP (${NAME}) (.+)$`)
const TYPE = new RegExp(`^# TYPE (${NAME}) (gauge|counter|histogram|summary)$`)
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?(?:[0-9.]+(?:e[+-]?[0-9]+)?)|[+-]Inf|NaN)$`, 'i')

/** Reads the text format of Prometheus (version 0.0.4), and takes nothing that is not in it. */
export function readExposition(text: string): Exposition {
  const families = new Map<string, { type: string; help: string; samples: ExposedSample[] }>()
  let current = ''
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, helped, help = ''] = line.match(HELP) ?? []
    const [, typed, type = ''] = line.match(TYPE) ?? []
    if (helped) {
      if (families.has(helped)) throw new Error(`${helped} comes twice`)
      families.set(helped, { type: '', help, samples: [] })
      current = helped
      continue
    }
    const family = families.get(current)
    if (!family) throw new Error(`no metric has begun: ${line}`)
    if (typed) {
      if (typed !== current) throw new Error(`a type of another metric: ${line}`)
      family.type = type
      continue
    }
    const sample = line.match(SAMPLE)
    if (!sample?.[1] || !new RegExp(`^${current}(_bucket|_sum|_count)?$`).test(sample[1]))
      throw new Error(`no sample of ${current}: ${line}`)
    const labels = Object.fromEntries(
      [...(sample[2] ?? '').matchAll(new RegExp(LABEL, 'g'))].map(([, name = '', value]) => [name, value ?? '']),
    )
    family.samples.push({ name: sample[1], labels, value: Number(sample.at(-1)?.replace('Inf', 'Infinity')) })
  }
  const samples = [...families.values()].flatMap((family) => family.samples)
  return {
    families,
    value(name, labels = {}) {
      const found = samples.filter(
        (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
      )
      if (found.length > 1) throw new Error(`${name} has several values: ${JSON.stringify(found)}`)
      return found[0]?.value
    },
  }
}

import type { DemoPerson } from '@ashlar/kit/demo'

/** One post of DEMO=1: written by one of the demo's people, at a time after they signed up. */
export interface DemoPost {
  readonly slug: string
  readonly title: string
  readonly by: DemoPerson
  readonly at: string
  readonly content: string
  /** Post unless given. */
  readonly kind?: 'page' | 'changelog'
  readonly draft?: true
  readonly excerpt?: string
  readonly seoDescription?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

import type { Page } from './document.js'
import type { Problem } from './problem.js'

/** What a page's handler answers: a page, or the address of another. */
export type Answer =
  | { readonly page: Page; readonly status: number; readonly retryAfterSeconds: number | null }
  | { readonly redirectTo: string }

export const show = (page: Page, status = 200): Answer => ({ page, status, retryAfterSeconds: null })

export const showProblem = (page: Page, { status, retryAfterSeconds }: Problem): Answer => ({ page, status, retryAfterSeconds })

export const redirectTo = (address: string): Answer => ({ redirectTo: address })

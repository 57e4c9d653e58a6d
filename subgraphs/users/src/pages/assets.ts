import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Asset {
  /** Where it is served; the address changes with the content, so that a browser may keep it. */
  readonly path: string
  readonly type: string
  readonly content: string
}

// A dot is in no provider's name, so that these can lie beside /sign-in/<provider>.
function assetOf(name: string, type: string): Asset {
  const content = readFileSync(new URL(`../../assets/${name}`, import.meta.url), 'utf8')
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 10)
  return { path: `/sign-in/${name.replace('.', `.${hash}.`)}`, type, content }
}

export const stylesheet = assetOf('pages.css', 'text/css; charset=utf-8')
/** Reads a mailed link's token; the one script of all pages. */
export const fragmentScript = assetOf('fragment.js', 'text/javascript; charset=utf-8')
export const mark = assetOf('mark.svg', 'image/svg+xml')

export const ASSETS: readonly Asset[] = [stylesheet, fragmentScript, mark]

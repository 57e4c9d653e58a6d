import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where `npm run build` leaves what runs in the browser; the same seen from `src/` and from `dist/`. */
const FOLDER = fileURLToPath(new URL('../dist/browser/', import.meta.url))

/** The folder of built assets: scripts, styles and fonts, each named by its content, with `.br` and `.gz` beside it. */
export const ASSETS = `${FOLDER}assets`

/**
 * Reads a built page.
 * @throws Error where the console has not been built.
 */
export function readBuiltPage(name: string): string {
  const file = `${FOLDER}${name}`
  if (!existsSync(file)) throw new Error(`The console is not built: ${file} is missing. npm run build makes it.`)
  return readFileSync(file, 'utf8')
}

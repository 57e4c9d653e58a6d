// Whether node_modules holds what package-lock.json asks for. npm writes down what it has installed when it is done
// (node_modules/.package-lock.json), so that a half installation, or one for an earlier lock file, is known for what it is.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Whether nothing is to be installed; takes some milliseconds. */
export function isInstalled(root) {
  // What was linked must be there: npm's list alone outlives a `rm -rf node_modules/*`.
  if (!existsSync(join(root, 'node_modules/turbo')) || !existsSync(join(root, 'node_modules/.bin'))) return false
  const [wanted, installed] = lists(root)
  if (!wanted || !installed) return false
  return textOf(markOf(root)) === digest(wanted, installed) || holdsAll(JSON.parse(wanted).packages, JSON.parse(installed).packages)
}

/** Remembers that npm has said it is done: it leaves out what a lock file names and nothing needs. */
export function markInstalled(root) {
  mkdirSync(dirname(markOf(root)), { recursive: true })
  writeFileSync(markOf(root), digest(...lists(root)))
}

const markOf = (root) => join(root, 'node_modules/.cache/ashlar/installed')
const lists = (root) => [textOf(join(root, 'package-lock.json')), textOf(join(root, 'node_modules/.package-lock.json'))]
const digest = (...texts) => createHash('sha256').update(texts.join('\0')).digest('hex')

// Also where somebody else has installed: npm by hand.
function holdsAll(wanted, installed) {
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    return found ? found.version === entry.version && found.integrity === entry.integrity : mayBeAbsent(entry)
  })
}

// For another machine, or a dependency that one may do without.
const mayBeAbsent = ({ optional, devOptional, peer }) => Boolean(optional || devOptional || peer)

function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

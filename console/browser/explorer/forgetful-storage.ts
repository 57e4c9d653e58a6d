const SECRETS = /((?:password|token|secret|code|codeVerifier)"?\s*:\s*")(?:[^"\\\n]|\\.)*/gi

/**
 * The browser's storage for the editor's tabs and history, but for what should not lie there: the text of each password, token,
 * code and secret, in operations and in variables, is dropped before anything is kept.
 */
export function forgetfulStorage(storage: Storage = localStorage) {
  return {
    get length() {
      return storage.length
    },
    getItem: (key: string) => storage.getItem(key),
    setItem: (key: string, value: string) => storage.setItem(key, forget(value)),
    removeItem: (key: string) => storage.removeItem(key),
    clear: () => storage.clear(),
  }
}

/** Tabs and history are JSON whose strings are operations and variables: each string is cleaned as what it is. */
function forget(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), (_key, part: unknown) => (typeof part === 'string' ? forgetIn(part) : part))
  } catch {
    return forgetIn(value)
  }
}

const forgetIn = (text: string): string => text.replace(SECRETS, '$1')

/** For how long an answer holds, and for whom. */
export interface CachePolicy {
  readonly maxAgeSeconds: number
  /** For whoever asked alone. */
  readonly isPrivate: boolean
}

/** Of what nobody has said that it may be kept. */
export const NOT_KEPT: CachePolicy = { maxAgeSeconds: 0, isPrivate: false }

/** What holds for both. */
export const stricter = (one: CachePolicy, other: CachePolicy): CachePolicy => ({
  maxAgeSeconds: Math.min(one.maxAgeSeconds, other.maxAgeSeconds),
  isPrivate: one.isPrivate || other.isPrivate,
})

const DIRECTIVE = /([\w-]+)(?:\s*=\s*"?([^",]*)"?)?/g
const SECONDS = /^\d+$/

/** What a service said in HTTP's words (RFC 9111, 5.2.2), less the age that its answer has already; without a `max-age` it is not kept. */
export function policyOfHeader(cacheControl: string, age: string | undefined): CachePolicy {
  let maxAgeSeconds = 0
  let isPrivate = false
  let forbidden = false
  for (const [, name = '', value = ''] of cacheControl.matchAll(DIRECTIVE)) {
    const directive = name.toLowerCase()
    if (directive === 'max-age' && SECONDS.test(value.trim())) maxAgeSeconds = Number(value)
    else if (directive === 'private') isPrivate = true
    else if (directive === 'no-store' || directive === 'no-cache') forbidden = true
  }
  const spent = age !== undefined && SECONDS.test(age) ? Number(age) : 0
  return { maxAgeSeconds: forbidden ? 0 : Math.max(0, maxAgeSeconds - spent), isPrivate }
}

// What is said, on either side. Each message has the same number of bytes.
const TEXT = 'A morning in the quarry: '.repeat(16)

/** Of one member where somebody is named. */
export const eventOf = (_kind, number, member) => ({ number, text: `${TEXT}${(member ?? '').padEnd(36, '.')}` })

/** As long as the ids that clients make. */
export const idOf = (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

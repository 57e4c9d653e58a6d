/** A page that a mailed or printed link opens. No name of one can be a provider's: those have no hyphen. */
export type LinkedPage = 'claim-ownership' | 'confirm-email' | 'reset-password' | 'sign-in-link'

/** The address of a page with a token in its fragment, which browsers send to no server and name in no referrer. */
export const linkTo = (publicUrl: URL, page: LinkedPage, token: string): string => new URL(`/${page}#${token}`, publicUrl).href

import { readBuiltPage } from './built-pages.js'

/** What the page is told of the instance that it belongs to. */
export interface Instance {
  readonly publicUrl: URL
  /** Whether the page offers to create an account. */
  readonly signUps: boolean
  /** OpenID providers, each with the address at which a sign-in through it begins. */
  readonly providers: readonly { readonly label: string; readonly url: string }[]
}

/**
 * The console's policy. Scripts, workers, fonts and requests are of this origin alone, and nothing is evaluated. The editor
 * (Monaco) lays out its lines by `style` attributes and writes `style` elements as it goes, so inline styles are allowed;
 * nothing of a user's is ever put into a page as markup.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** The page that `/graphql` answers to a browser, for one instance. */
export function explorerPage({ publicUrl, signUps, providers }: Instance): string {
  const instance = JSON.stringify({ publicUrl: publicUrl.href, signUps, providers })
  return readBuiltPage('explorer.html').replace('data-instance="{}"', () => `data-instance="${escapeAttribute(instance)}"`)
}

const escapeAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

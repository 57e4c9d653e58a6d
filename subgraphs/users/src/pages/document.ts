import { fragmentScript, mark, stylesheet } from './assets.js'
import { type Html, html } from './html.js'

export interface Page {
  readonly heading: string
  /** What stands under the heading. */
  readonly body: Html
  /** Opened by a mailed link: with the script that reads its fragment. */
  readonly readsFragment?: boolean
  /** Where the browser goes by itself, as if the person had clicked there. */
  readonly goesOnTo?: string
}

/** A page as a document of its own. */
export const documentOf = ({ heading, body, readsFragment, goesOnTo }: Page, host: string): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${goesOnTo !== undefined && html`<meta http-equiv="refresh" content="0; url=${goesOnTo}">\n`}<title>${heading} · Ashlar</title>
<link rel="icon" href="${mark.path}" type="image/svg+xml">
<link rel="stylesheet" href="${stylesheet.path}">
${readsFragment && html`<script src="${fragmentScript.path}"></script>\n`}</head>
<body>
<main>
<p class="brand">${MARK}Ashlar</p>
<h1>${heading}</h1>
${body}
</main>
<footer>${host}</footer>
</body>
</html>
`.toString()

const MARK = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect x="2" y="4" width="17" height="7" rx="1"/><rect x="21" y="4" width="9" height="7" rx="1"/><rect x="2" y="12.5" width="8" height="7" rx="1"/><rect x="12" y="12.5" width="18" height="7" rx="1"/><rect x="2" y="21" width="14" height="7" rx="1"/><rect x="18" y="21" width="12" height="7" rx="1"/></svg>`

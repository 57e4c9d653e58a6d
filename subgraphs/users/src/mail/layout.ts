import { html } from '../pages/html.js'
import type { Words } from './words.js'

/** A mail as text and as markup. Styles are inline, since mail programs drop all others; nothing is fetched from anywhere. */
export function writeMail(words: Words, publicUrl: URL): { readonly text: string; readonly html: string } {
  return { text: writeText(words, publicUrl), html: writeHtml(words, publicUrl) }
}

function writeText({ heading, paragraphs, button, footnote }: Words, publicUrl: URL): string {
  const parts = [heading, ...paragraphs, ...(button ? [`${button.label}:\n${button.link}`] : []), footnote]
  return `${parts.join('\n\n')}\n\n-- \nAshlar at ${publicUrl.host}\n`
}

const FONT = "font-family: -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
const BODY = `margin: 0; padding: 0; background: #f4f2ee; ${FONT}; color: #23211e`
const CARD = 'max-width: 480px; background: #ffffff; border: 1px solid #e3dfd8; border-radius: 12px; padding: 32px'
const BUTTON =
  'display: inline-block; background: #2f5d50; color: #ffffff; text-decoration: none; font-weight: 600; padding: 12px 20px; border-radius: 8px'
const SMALL = 'margin: 24px 0 0; font-size: 13px; line-height: 20px; color: #6b665e'

function writeHtml({ subject, heading, paragraphs, button, footnote }: Words, publicUrl: URL): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light">
<title>${subject}</title>
</head>
<body style="${BODY}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background: #f4f2ee"><tr><td align="center" style="padding: 32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width: 480px"><tr><td style="${CARD}">
<p style="margin: 0 0 24px; font-size: 14px; font-weight: 600; letter-spacing: 0.02em; color: #6b665e">Ashlar</p>
<h1 style="margin: 0 0 16px; font-size: 22px; line-height: 28px">${heading}</h1>
${paragraphs.map((paragraph) => html`<p style="margin: 0 0 16px; font-size: 16px; line-height: 24px">${paragraph}</p>\n`)}
${
  button &&
  html`<p style="margin: 24px 0"><a href="${button.link}" style="${BUTTON}">${button.label}</a></p>
<p style="${SMALL}">If the button does not work, open this address:<br><a href="${button.link}" style="color: #2f5d50; word-break: break-all">${button.link}</a></p>`
}
<p style="${SMALL}">${footnote}</p>
</td></tr></table>
<p style="margin: 16px 0 0; font-size: 12px; color: #6b665e">Sent by Ashlar at ${publicUrl.host}</p>
</td></tr></table>
</body>
</html>
`.toString()
}

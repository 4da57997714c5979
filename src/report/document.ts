import { createHash } from 'node:crypto'
import { html } from './html.ts'
import { STYLE } from './style.ts'

/** What a page is made of. All but the title is HTML. */
export interface Parts {
  title: string
  main: string
  footer: string
  /** Stands above the rest, and stays when that is exchanged. */
  status?: string
  /** Runs once the page is there. */
  script?: string
  /** Looks of this page, after those of all pages. */
  style?: string
  connects?: boolean
}

/** One file that loads nothing. It can be read without its looks, and runs nothing but `script`. */
export function documentOf({
  title,
  main,
  footer,
  status = '',
  script,
  style = '',
  connects = false,
}: Parts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf({ script, style, connects })}">
<title>${html(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${status && `${status}\n`}<main>${main}</main>
<footer>${footer}</footer>
${script === undefined ? '' : `<script>${script}</script>\n`}</body>
</html>
`
}

/** What the page may do: be looked at, and where it has a script, run that one and ask where it came from. */
export function policyOf({
  script,
  style = '',
  connects = false,
}: {
  script?: string | undefined
  style?: string
  /** Whether the script asks where the page came from. */
  connects?: boolean
} = {}): string {
  const looks = `default-src 'none'; style-src '${hashOf(STYLE + style)}'`
  if (script === undefined) return looks
  return `${looks}; script-src '${hashOf(script)}';${connects ? " connect-src 'self';" : ''} base-uri 'none'; form-action 'none'`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

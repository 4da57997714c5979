import { createHash } from 'node:crypto'
import { html } from './html.ts'
import { STYLE } from './style.ts'

/** The parts of a page. All but the title are HTML. */
export interface Parts {
  title: string
  main: string
  footer: string
  /** Stands above `main`, and stays when that is updated. */
  status?: string
  script?: string
  /** Added to the style of all pages. */
  style?: string
  /** Whether the script connects to the server that the page came from. */
  connects?: boolean
}

/** A page in one file that loads nothing, and runs nothing but `script`. */
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

/** The content security policy: this style, and this script if there is one. */
export function policyOf({
  script,
  style = '',
  connects = false,
}: {
  script?: string | undefined
  style?: string
  connects?: boolean
} = {}): string {
  const styles = `default-src 'none'; style-src '${hashOf(STYLE + style)}'`
  if (script === undefined) return styles
  return `${styles}; script-src '${hashOf(script)}';${connects ? " connect-src 'self';" : ''} base-uri 'none'; form-action 'none'`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

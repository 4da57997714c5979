const LIGHT = `--ink: #1b1f24; --soft: #57606a; --page: #fff; --line: #d8dee4; --accent: #0b5fc1; --box: #f6f8fa; --note: #8a6100; --notice: #fff8d6; --lit: #fff3bf; --reach: #dbe8fd; --fill: #dbe8fd; --good: #1a7f37; --bad: #b42318`
const DARK = `--ink: #e6edf3; --soft: #9aa5b1; --page: #0d1117; --line: #30363d; --accent: #6cb0ff; --box: #161b22; --note: #d29922; --notice: #2d2508; --lit: #4b3a06; --reach: #173150; --fill: #12294a; --good: #4fc56d; --bad: #ff8a80`

/** The style of all pages: light, dark or high contrast, from a phone to paper. */
export const STYLE: string = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media (prefers-contrast: more) { :root { --soft: var(--ink); --line: var(--soft) } }
@media (forced-colors: active) { :root { --ink: CanvasText; --soft: CanvasText; --page: Canvas; --line: CanvasText; --accent: Highlight; --box: Canvas; --notice: Canvas; --reach: Canvas; --fill: Canvas; --good: CanvasText; --bad: CanvasText } }
* { box-sizing: border-box }
body { margin: 0; padding: 1.5rem; background: var(--page); color: var(--ink); font: 1rem/1.5 Inter, system-ui, sans-serif; font-variant-numeric: tabular-nums }
main, footer { max-width: 56rem; margin: 0 auto }
h1 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere } h2 { margin: 2rem 0 .5rem; font-size: 1rem; overflow-wrap: anywhere }
p { margin: .25rem 0 } small, footer, .scope { color: var(--soft) } footer { margin-top: 2.5rem; font-size: .8125rem }
svg { display: block } svg svg { overflow: visible }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
details { margin-top: .25rem } summary { width: fit-content; cursor: pointer; color: var(--soft); font-size: .875rem } .wide { max-height: 20rem; overflow: auto }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem } code { overflow-wrap: anywhere }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
@media (max-width: 36rem) { body { padding: 1rem } }
@media print { :root { ${LIGHT} } body { padding: 0; font-size: 11pt } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } }
`

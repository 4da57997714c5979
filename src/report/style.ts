// The colours of layers are those of Okabe and Ito, which people tell apart who see no red or no green, lighter on
// dark.

const LIGHT = `--ink: #1b1f24; --soft: #57606a; --page: #fff; --line: #d0d7de; --accent: #0b6bcb; --box: #f6f8fa; --note: #9a6700; --lit: #fff3bf;
  --c0: #1f78c8; --c1: #e69f00; --c2: #009e73; --c3: #cc79a7; --c4: #56b4e9; --c5: #d55e00; --c6: #8a8fd0; --c7: #9aa5b1`
const DARK = `--ink: #e6edf3; --soft: #9aa5b1; --page: #0d1117; --line: #30363d; --accent: #58a6ff; --box: #161b22; --note: #d29922; --lit: #4b3a06;
  --c0: #3389d6; --c1: #e0a11b; --c2: #1fae86; --c3: #d58cb5; --c4: #7cc7f2; --c5: #e8763a; --c6: #9a9fe0; --c7: #6e7883`

/** How all pages look: light, dark or in high contrast as the reader has it, from a phone to paper. */
export const STYLE: string = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media (prefers-contrast: more) { :root { --soft: var(--ink); --line: var(--soft) } }
@media (forced-colors: active) { :root { --ink: CanvasText; --soft: CanvasText; --page: Canvas; --line: CanvasText; --accent: Highlight } }
* { box-sizing: border-box }
body { margin: 0; padding: 1.5rem; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main, footer { max-width: 56rem; margin: 0 auto }
h1 { margin: 0; font-size: 1.25rem; color: var(--soft); overflow-wrap: anywhere } h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; overflow-wrap: anywhere }
.lead { margin: .25rem 0 .75rem; font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: pretty; overflow-wrap: anywhere }
p { margin: .25rem 0 } small, footer, .scope { color: var(--soft) } footer { margin-top: 3rem; font-size: .875rem } .scope { overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
dl div { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) } dd { margin: 0; font-size: 1.75rem; line-height: 1.3; font-variant-numeric: tabular-nums } dd small { display: block; font-size: .875rem }
svg { display: block } svg svg { overflow: visible } .chart { width: 100%; overflow: visible }
.grid line { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges }
.ticks text { fill: var(--soft); font-size: 12px; paint-order: stroke; stroke: var(--page); stroke-width: 3px; stroke-linejoin: round; font-variant-numeric: tabular-nums }
.area { stroke: var(--page); stroke-width: .5; vector-effect: non-scaling-stroke }
polyline { fill: none; stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round } rect.line { fill: var(--ink) }
.c0 { fill: var(--c0) } .c1 { fill: var(--c1) } .c2 { fill: var(--c2) } .c3 { fill: var(--c3) } .c4 { fill: var(--c4) } .c5 { fill: var(--c5) } .c6 { fill: var(--c6) } .c7 { fill: var(--c7) }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .25rem 0 .5rem; padding: 0; list-style: none; font-size: .875rem; overflow-wrap: anywhere } .key { display: inline-block }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 } td, th { font-variant-numeric: tabular-nums }
.shares { width: 100% } .shares td, .shares th { padding: .4rem 0 .4rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top }
.shares th:first-child { padding-left: 0; width: 45% } .shares thead th:not(:first-child) { text-align: right } .shares thead th { vertical-align: bottom }
.shares tbody th { font-weight: 400; overflow-wrap: anywhere } .shares td { text-align: right; white-space: nowrap }
.bar { width: 100%; height: .3rem; margin-top: .15rem } .bar rect { fill: var(--c0); rx: 2px }
.shares thead .trend { text-align: left; padding-left: 1rem } .shares td.trend { padding-left: 1rem } .trend { width: 7rem } .spark { width: 100%; height: 1.6rem; overflow: visible } .spark path { fill: var(--c0); opacity: .2 } .spark polyline { stroke: var(--c0); stroke-width: 1.5 }
details { margin-top: .5rem } summary { width: fit-content; cursor: pointer; color: var(--soft); font-size: .875rem } .wide { max-height: 20rem; overflow: auto }
.data td, .data th { padding: .15rem 1.5rem .15rem 0; font-size: .875rem } .data td { text-align: right } .data tbody th { font-weight: 400; white-space: nowrap }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem } code { overflow-wrap: anywhere }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
@media (max-width: 36rem) { body { padding: 1rem } .lead { font-size: 1.35rem } dd { font-size: 1.35rem } .shares { font-size: .8125rem } .shares td, .shares th { padding-left: .4rem } .shares th:first-child { width: 34% } .trend { width: 3rem } dl { gap: .5rem } dl div { padding: .5rem .75rem } }
@media print { :root { ${LIGHT} } body { padding: 0 } * { print-color-adjust: exact; -webkit-print-color-adjust: exact } section, tr, dl div { break-inside: avoid } h2 { break-after: avoid } .wide { max-height: none } }
`

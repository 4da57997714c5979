/** How all pages look: light or dark as the reader has it, from a phone to paper. */
export const STYLE: string = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --page: #fff; --line: #d0d7de; --bar: #0b6bcb; --box: #f6f8fa; --note: #9a6700;
  --none: #ebedf0; --one: #a8cdf0; --two: #5fa3e0; --three: #1f78c8; --four: #0a4a8f }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --page: #0d1117; --line: #30363d; --bar: #4aa3f0; --box: #161b22; --note: #d29922;
  --none: #21262d; --one: #123e66; --two: #1a5f9e; --three: #3389d6; --four: #8cc8ff } }
* { box-sizing: border-box }
body { margin: 0; padding: 1.5rem; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main, footer, .state { max-width: 52rem; margin: 0 auto }
h1, h1 + p { overflow-wrap: anywhere } h1 { margin: 0; font-size: 2rem } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem }
p { margin: .25rem 0 } small, footer { color: var(--soft) } footer { margin-top: 3rem; font-size: .875rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
dl div { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
dt { color: var(--soft) } dd { margin: 0; font-size: 1.35rem } dd small { display: block; font-size: .875rem }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
.shares { width: 100% } .shares td, .shares th { padding: .3rem 0 .3rem .75rem; border-bottom: 1px solid var(--line) }
.shares th:first-child { padding-left: 0; min-width: 35% } .shares thead th:not(:first-child) { text-align: right }
.shares tbody th { font-weight: 400; overflow-wrap: anywhere } .shares td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.shares .bar { width: 40% } svg { display: block; width: 100%; height: .8rem } rect { fill: var(--bar) }
/* What is said in a cell is placed in here, or it would make the page as wide as the chart. */
.wide { position: relative; overflow-x: auto } .calendar { border-spacing: 3px; border-collapse: separate }
.calendar th { padding-right: .5rem; font-size: .75rem; font-weight: 400; color: var(--soft) }
.calendar td { width: 14px; min-width: 14px; height: 14px; border-radius: 3px } .calendar tbody th { min-width: 3em; max-width: 12rem; overflow-wrap: break-word }
.calendar thead td { font-size: .75rem; line-height: 1; color: var(--soft) } .few td { width: 20px; min-width: 20px }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 1rem } .pair section { min-width: 0 }
.level0 { background: var(--none) } .level1 { background: var(--one) } .level2 { background: var(--two) }
.level3 { background: var(--three) } .level4 { background: var(--four) }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
code, pre, .fields th { font-family: ui-monospace, monospace; font-size: .875rem } code, .fields th { overflow-wrap: anywhere }
pre { max-height: 30rem; overflow: auto; margin: .5rem 0 1rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--box) }
.fields { width: 100% } .fields td, .fields th { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.fields tbody th { font-weight: 400; width: 30% } .fields thead th { font: inherit; font-weight: 600 } summary { cursor: pointer }
.remarks { margin: 0; padding: 0; list-style: none } .remarks li { margin: .25rem 0; padding-left: .75rem; border-left: 3px solid var(--note); overflow-wrap: anywhere }
.state { min-height: 1.5rem; color: var(--soft); font-size: .875rem }
:focus-visible { outline: 2px solid var(--bar); outline-offset: 2px }
@media (max-width: 36rem) { body { padding: 1rem } dd { font-size: 1.2rem } .few td { width: 15px; min-width: 15px } .fields tbody th { width: 45%; font-size: .75rem } .shares .bar { display: none } .shares { font-size: .875rem } .shares td, .shares th { padding-left: .5rem } }
@media print { body { padding: 0 } .level0, .level1, .level2, .level3, .level4, rect { print-color-adjust: exact; -webkit-print-color-adjust: exact } section, tr, dl div { break-inside: avoid } h2 { break-after: avoid } pre { max-height: none; break-inside: auto; white-space: pre-wrap } .state { display: none } }
`

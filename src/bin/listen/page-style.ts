import { MAX_FIELDS } from './body-section.ts'

/** A rule per field: it is highlighted in the body while it is chosen or under the pointer. */
const lit = Array.from(
  { length: MAX_FIELDS },
  (_, index) => `.body:has(#f${index}:checked) .f${index}, .body:has(#d${index}:hover) .f${index}`,
).join(', ')

/** The style of the live page. The latest arrivals are on its first screen. */
export const LIVE_STYLE: string = `
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 2.5rem; max-width: 68rem; align-items: start } footer { max-width: 68rem }
h1, #headline, #remarks-part, #body-part, #empty, #others { grid-column: 1 / -1 } #feed-part { grid-row: 3 / span 2 } #runs-part, #events-part { grid-column: 2 }
h1 { color: var(--soft); font-size: 1rem } #headline { margin: 0; font-size: 1.5rem; line-height: 1.3 } h2 { margin: 1.25rem 0 .35rem } h2 small { font-weight: 400 }
.state { position: absolute; right: 1.5rem; top: 1.5rem; margin: 0; font-size: .875rem; color: var(--soft) }
.minute { width: 100%; height: 3rem } .minute rect { fill: var(--accent) } .minute line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke } .scale { display: flex; justify-content: space-between; margin: 0 0 .5rem; line-height: 1.2; font-size: .875rem }
ul, .feed { margin: 0; padding: 0; list-style: none } .feed li { display: flex; gap: .75rem; padding: .2rem .25rem; border-bottom: 1px solid var(--line); border-radius: .2rem }
.feed time { color: var(--soft) } .feed span { flex: 1; min-width: 0; overflow-wrap: anywhere } .feed .failure span { color: var(--bad) } .feed .event span { color: var(--soft) } .again { margin: .5rem 0 0; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere }
.totals > li { border-bottom: 1px solid var(--line) } .totals details { margin: 0 } .totals summary { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1rem; width: auto; padding: .35rem 0 .4rem; color: var(--ink); font-size: 1rem; list-style: none } .totals summary span { overflow-wrap: anywhere } .totals summary span::before { content: "▸ "; color: var(--soft) } .totals [open] summary span::before { content: "▾ " }
.bar { grid-column: 1 / -1; width: 100%; height: .25rem; margin-top: .15rem } .bar rect { fill: var(--accent); rx: 2px; transition: width .4s ease-out } .totals ul { padding: 0 0 .5rem 1.1rem; font-size: .875rem; color: var(--soft) } .totals ul li { display: flex; justify-content: space-between; gap: 1rem; overflow-wrap: anywhere } .totals ul strong { font-weight: 400 }
.remarks li { margin: .3rem 0; padding-left: .75rem; border-left: 3px solid var(--note); overflow-wrap: anywhere; font-size: .9375rem }
.others { margin-top: 1.5rem; color: var(--soft); font-size: .8125rem; overflow-wrap: anywhere }
.body { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 0 2.5rem; align-items: start } pre { margin: 0; padding: .75rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: .5rem; background: var(--box); font-size: .8125rem; line-height: 1.5 }
pre label { cursor: pointer; border-radius: .2rem; box-decoration-break: clone; -webkit-box-decoration-break: clone } ${lit} { background: var(--lit); outline: 2px solid var(--lit) }
fieldset { margin: 0; padding: 0; border: 0; min-width: 0 } .field input { position: absolute; opacity: 0 } .field { position: relative; padding: .2rem .5rem; border-left: 3px solid transparent } .field label { display: block; cursor: pointer; font-size: .875rem; line-height: 1.35 } .field span { display: block; color: var(--soft) }
.field:has(:checked) { border-left-color: var(--note); background: var(--box) } .field:has(:checked) span { color: var(--ink) } .field:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px }
.waiting { max-width: 48rem; padding-top: 6vh } .waiting pre { margin: .5rem 0; padding: 1rem; font-size: 1rem }
.pulse { display: inline-block; width: .75rem; height: .75rem; margin-right: .6rem; border-radius: 50%; background: var(--good); animation: pulse 1.6s ease-in-out infinite } @keyframes pulse { 50% { opacity: .25; transform: scale(.7) } }
@media (prefers-reduced-motion: reduce) { .pulse { animation: none } .bar rect { transition: none } }
@media (max-width: 44rem) { main, .body { grid-template-columns: minmax(0, 1fr) } #feed-part, #runs-part, #events-part { grid-column: 1; grid-row: auto } #headline { font-size: 1.25rem } .state { top: 1rem; right: 1rem } }
@media print { main { display: block } .state { display: none } }
`

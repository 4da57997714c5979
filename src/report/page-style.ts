/** A page has no more: four, and the one that was asked for. */
const MAX_RANGES = 5

const others = Array.from(
  { length: MAX_RANGES },
  (_, index) => `main:has(#range${index}:checked) .in:not(.in${index})`,
).join(', ')

/** The style of a report. Radio buttons choose the range, and a checkbox who is counted. */
export const REPORT_STYLE: string = `
${others}, main:has(#everybody:checked) .others, main:not(:has(#everybody:checked)) .everybody { display: none }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem } .scope { flex: 1; font-size: .875rem }
.ranges { display: flex; margin: 0; padding: 0; border: 0; font-size: .875rem } .ranges input { position: absolute; opacity: 0 } .ranges label { padding: .2rem .6rem; border: 1px solid var(--line); border-left-width: 0; cursor: pointer; color: var(--soft) }
.ranges label:first-of-type { border-left-width: 1px; border-radius: .4rem 0 0 .4rem } .ranges label:last-of-type { border-radius: 0 .4rem .4rem 0 } .ranges :checked + label { color: var(--ink); background: var(--box); font-weight: 600; text-decoration: underline; text-underline-offset: .25em } .ranges :focus-visible + label { outline: 2px solid var(--accent); outline-offset: 1px }
.notice, .note { margin: .75rem 0 0; padding: .6rem .9rem; border: 1px solid var(--line); border-radius: .5rem; font-size: .875rem; overflow-wrap: anywhere } .notice { background: var(--notice); border-color: var(--note) } .notice input { margin: 0 .25rem 0 0 } .notice label { text-decoration: underline; cursor: pointer }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); margin: 1rem 0 0; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden } .tiles div { padding: .75rem 1.1rem; box-shadow: 1px 1px 0 var(--line); min-width: 0 }
dt { color: var(--soft); font-size: .8125rem; overflow-wrap: anywhere } dd { margin: 0; font-size: 1.625rem; line-height: 1.35; font-weight: 600 } dd small { display: block; font-size: .8125rem; font-weight: 400; overflow-wrap: anywhere } em { font-style: normal; font-size: .8125rem; color: var(--soft) } .good { color: var(--good) } .bad { color: var(--bad) }
.figure { margin: 0 } .plot { position: relative; margin-right: 3.25rem; touch-action: pan-y } .chart { width: 100%; overflow: visible }
.grid line { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges } .ticks text, .markers text { fill: var(--soft); font-size: 12px } .markers text { paint-order: stroke; stroke: var(--page); stroke-width: 4px; stroke-linejoin: round } .markers line { stroke: var(--soft); stroke-dasharray: 2 3 }
.area { fill: var(--fill) } polyline { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round } .hatch { stroke: var(--accent); stroke-width: 2 }
.plot > i { position: absolute; top: 18px; height: 208px; border-left: 1px solid var(--accent); pointer-events: none } .plot > div { position: absolute; top: 2.5rem; z-index: 1; padding: .4rem .7rem; border-radius: .4rem; background: var(--ink); color: var(--page); font-size: .8125rem; pointer-events: none; white-space: nowrap } .plot > div p { margin: 0 }
.rows { width: 100%; table-layout: fixed; font-size: .9375rem } .rows td, .rows th { padding: .45rem 0 .45rem .75rem; border-bottom: 1px solid var(--line) } .rows thead th { vertical-align: bottom; font-size: .8125rem; font-weight: 500; color: var(--soft); text-align: right; overflow-wrap: anywhere } .rows th:first-child { width: 30%; padding-left: 0; text-align: left }
.rows tbody th { position: relative; font-weight: 400; overflow-wrap: anywhere } .rows tbody th span { display: block; position: relative; padding-left: .4rem } .rows td { text-align: right } .reach { position: absolute; inset: 3px 0; width: 100%; height: calc(100% - 6px) } .reach rect { fill: var(--reach); rx: 4px } .rows .trend { width: 17%; padding-left: 1.25rem } .spark { width: 100%; height: 1.5rem; overflow: visible } .spark path { fill: none } .spark polyline { stroke-width: 1.5 }
.rows thead.visually-hidden th { width: auto } .more summary { margin: .5rem 0 }
.data td, .data th { padding: .15rem 1.5rem .15rem 0; font-size: .875rem } .data td { text-align: right } .data tbody th { font-weight: 400; white-space: nowrap }
.changes { margin: 0; padding: 0; list-style: none } .changes li { padding: .3rem 0 .3rem .9rem; border-left: 3px solid var(--accent); margin: .3rem 0; overflow-wrap: anywhere }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: 1rem 1.5rem; margin: 0; padding: 0; list-style: none } .multiples b { font-weight: 600; font-size: .875rem; overflow-wrap: anywhere } .multiples span { float: right; font-weight: 600; padding-left: .5rem } .multiples small { font-size: .8125rem } .multiples .spark { height: 3rem; margin: .25rem 0; border-bottom: 1px solid var(--line) } .multiples .spark path { fill: var(--fill) }
.question { margin-top: 1.25rem; color: var(--soft); overflow-wrap: anywhere } .verdict { font-size: 1.375rem; line-height: 1.35; text-wrap: pretty; overflow-wrap: anywhere } .today { margin-top: .75rem; color: var(--soft); font-size: .875rem }
@media (forced-colors: active) { .area { fill: none } .reach rect { stroke: CanvasText } .plot > div { border: 1px solid CanvasText } }
@media (max-width: 40rem) { .roomy { display: none } .rows { font-size: .875rem } .rows td, .rows th { padding-left: .4rem } .rows .trend { padding-left: .6rem } .tiles { grid-template-columns: 1fr 1fr } .tiles div { padding: .6rem .75rem } .tiles div:last-child:nth-child(odd) { grid-column: span 2 } dd { font-size: 1.25rem } .multiples { grid-template-columns: 1fr 1fr; gap: .75rem 1rem } .plot { margin-right: 2.5rem } h2 { margin-top: 1.5rem } }
@media print { section, tr, .tiles div, .multiples li { break-inside: avoid } h2 { break-after: avoid } .ranges, summary { display: none } .rows { font-size: 10pt } }
`

import { MAX_FIELDS } from './body-section.ts'

/** One rule per field: where it is chosen or pointed at, it is lit in the body. */
const lit = Array.from(
  { length: MAX_FIELDS },
  (_, index) => `.body:has(#f${index}:checked) .f${index}, .body:has(#d${index}:hover) .f${index}`,
).join(', ')

/** Looks of the live page: all of it on one screen, on a phone too, and what is longer scrolls in its place. */
export const LIVE_STYLE: string = `
body { display: grid; grid-template-rows: minmax(0, 1fr) auto; height: 100dvh; padding: 1rem 1.5rem; overflow: hidden }
main { display: grid; grid-template: auto auto minmax(0, 5fr) auto minmax(0, 6fr) / minmax(0, 3fr) minmax(0, 2fr); grid-template-areas: "name name" "claim claim" "feed totals" "remarks remarks" "body body"; gap: 0 2rem; min-height: 0; width: 100%; max-width: 72rem }
h1 { grid-area: name } #claim { grid-area: claim; margin: 0; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums } h2 { margin: .75rem 0 .25rem; font-size: 1rem } h2 small { font-weight: 400 }
section { display: flex; flex-direction: column; min-height: 0; min-width: 0 } #feed-part { grid-area: feed } #totals-part { grid-area: totals } #remarks-part { grid-area: remarks } #body-part { grid-area: body }
.scroll { overflow: auto; min-height: 0 } footer { margin-top: .5rem; width: 100%; max-width: 72rem; font-size: .75rem } .state { position: absolute; right: 1.5rem; top: 1rem; margin: 0; font-size: .875rem; color: var(--soft) }
.minute { width: 100%; height: 3.5rem; flex: none } .minute rect { fill: var(--c0) } .minute line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke } .scale { display: flex; justify-content: space-between; margin: 0 0 .25rem; line-height: 1.2 }
.feed { flex: 1; min-height: 0; overflow: hidden; margin: 0; padding: 0; list-style: none } .feed li { display: flex; gap: .75rem; padding: .15rem .25rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; border-radius: .2rem }
.feed time { color: var(--soft) } .feed span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap } .again { flex: none; margin: .25rem 0 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--soft) }
.shares td, .shares th { padding: .2rem 0 .3rem } .shares th:first-child { width: auto } .bar rect { transition: width .4s ease-out } 
.remarks { max-height: 5.5rem; margin: 0; padding: 0; list-style: none } .remarks li { margin: .2rem 0; padding-left: .75rem; border-left: 3px solid var(--note); overflow-wrap: anywhere; font-size: .875rem }
.body { display: grid; grid-template: minmax(0, 1fr) / minmax(0, 3fr) minmax(0, 2fr); gap: 0 2rem; min-height: 0; flex: 1 } pre { margin: 0; padding: .5rem .75rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: .5rem; background: var(--box); font-size: .8125rem; line-height: 1.45 }
pre label { cursor: pointer; border-radius: .2rem; box-decoration-break: clone; -webkit-box-decoration-break: clone } ${lit} { background: var(--lit); outline: 2px solid var(--lit) }
fieldset { margin: 0; padding: 0; border: 0; min-width: 0 } .field input { position: absolute; opacity: 0 } .field { position: relative; padding: .2rem .5rem; border-left: 3px solid transparent } .field label { display: block; cursor: pointer; font-size: .875rem; line-height: 1.35 } .field span { display: block; color: var(--soft) }
.field:has(:checked) { border-left-color: var(--note); background: var(--box) } .field:has(:checked) span { color: var(--ink) } .field:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: -2px }
.waiting { grid-row: 3 / span 1; grid-column: 1 / -1 } .waiting { max-width: 48rem; padding-top: 8vh } .waiting pre { margin: .5rem 0; padding: 1rem; font-size: 1rem; flex: none }
.pulse { display: inline-block; width: .75rem; height: .75rem; margin-right: .6rem; border-radius: 50%; background: var(--c2); animation: pulse 1.6s ease-in-out infinite } @keyframes pulse { 50% { opacity: .25; transform: scale(.7) } }
@media (prefers-reduced-motion: reduce) { .pulse { animation: none } .bar rect { transition: none } }
@media (max-width: 44rem) {
  body { padding: .6rem .75rem } main { grid-template: auto auto minmax(0, 5fr) minmax(0, 4fr) auto minmax(0, 4fr) / minmax(0, 1fr); grid-template-areas: "name" "claim" "feed" "totals" "remarks" "body" }
  h1 { font-size: 1rem } #claim { font-size: 1.15rem } h2 { margin: .4rem 0 .1rem; font-size: .875rem } .state { top: .6rem; right: .75rem; font-size: .75rem } .minute { height: 2.25rem } .feed li { font-size: .875rem; gap: .5rem } .remarks { max-height: 3.5rem } .again { display: none }
  .body { grid-template: minmax(0, 3fr) minmax(0, 2fr) / minmax(0, 1fr); gap: .3rem } pre { font-size: .75rem } footer { display: none } .waiting pre { font-size: .875rem }
}
@media (max-height: 30rem) { body { height: auto; overflow: visible } }
@media print { body { display: block; height: auto; overflow: visible } main { display: block } .state { display: none } .scroll, pre { max-height: none; overflow: visible } }
`

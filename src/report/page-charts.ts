import { thousands } from '../terminal/number.ts'
import { areaChart, COLOURS, type Layer, legend } from './area.ts'
import { type Day, isoDay, longDay } from './days.ts'
import { marksOf } from './scale.ts'
import { dataTable, section } from './table.ts'
import type { Words } from './told.ts'
import type { Summary } from './usage.ts'

/** More days than this are drawn as weeks. */
const MAX_DAYS = 400
/** A trend of fewer days is no trend. */
const MIN_AVERAGED = 14

/** The large one: runs per day, of people and agents where those are counted. */
export function runsChart({ days, average, agents, total, first }: Summary, { runs }: Words): string {
  if (!total || first === undefined) return ''
  const layers = agents
    ? [
        { name: 'People', values: agents.people },
        { name: 'Agents', values: agents.agents },
      ]
    : [{ name: capital(runs), values: days }]
  const hasAverage = !agents && days.length <= MAX_DAYS && first < (days.at(-MIN_AVERAGED)?.start ?? 0)
  const averaged = hasAverage ? average : undefined
  const keys = layers.map(({ name }, index) => ({
    name: agents ? name : `${name} per day`,
    colour: `c${index}`,
  }))
  return overTime(capital(runs), days, layers, {
    height: 260,
    ...(averaged && { line: averaged }),
    keys: averaged ? [...keys, { name: 'Average of 7 days', colour: 'line' }] : agents ? keys : [],
  })
}

export function installationsChart({ installations }: Summary): string {
  // One installation is a person, and when he used it is shown above.
  if (!installations || installations.total < 2) return ''
  const { days } = installations
  // Those of a week are not the sum of those of its days, so a long time is shown by its last part.
  const shown = days.slice(-MAX_DAYS)
  return overTime('Installations', shown, [{ name: 'Installations', values: shown }], {
    keys: [],
    firstColour: 2,
  })
}

/** How versions spread: installations by version, or runs where there is only one person. */
export function versionsChart({ installations, versions, steps, total }: Summary, { runs }: Words): string {
  const all = installations
    ? installations.versions.map(({ name, installations, weeks }) => ({
        ...{ name, size: installations, values: weeks.map(({ count }) => count) },
      }))
    : versions.map(({ name, count, steps }) => ({ name, size: count, values: steps }))
  if (!total || all.length < 2 || steps.starts.length < 2) return ''
  const layers = largest(all)
  const each = steps.days === 1 ? 'day' : 'week'
  const heading = `Versions: ${installations ? 'installations' : runs} per ${each}`
  const chart = areaChart({
    ...{ label: `${heading}. The numbers are in the table below.`, layers, shape: 'joined' },
    marks: marksOf(steps.starts, steps.days),
  })
  const keys = layers.map(({ name, values }, index) => ({
    ...{ name, colour: `c${index % COLOURS}` },
    note: `${thousands(values.at(-1)!)} in the last ${each}`,
  }))
  const rows = steps.starts.map((start, index): [string, ...number[]] => [
    isoDay(start),
    ...layers.map(({ values }) => values[index]!),
  ])
  const names = [each === 'week' ? 'Week from' : 'Day', ...layers.map(({ name }) => name)]
  return section(heading, chart, legend(keys), dataTable(heading, names, rows))
}

/** The largest ones in their order, the rest together. */
function largest(all: readonly (Layer & { size: number })[]): Layer[] {
  if (all.length <= COLOURS) return [...all]
  const kept = new Set([...all].sort((a, b) => b.size - a.size).slice(0, COLOURS - 1))
  const rest = all.filter(layer => !kept.has(layer))
  const values = rest[0]!.values.map((_, index) => rest.reduce((sum, { values }) => sum + values[index]!, 0))
  return [...all.filter(layer => kept.has(layer)), { name: `${rest.length} others`, values }]
}

interface Drawn {
  line?: readonly number[]
  keys: readonly { name: string; colour: string }[]
  firstColour?: number
  height?: number
}

function overTime(
  what: string,
  calendar: readonly Day[],
  layers: readonly { name: string; values: readonly Day[] }[],
  { line, keys, ...look }: Drawn,
): string {
  const daysEach = calendar.length > MAX_DAYS ? 7 : 1
  const days = calendar.slice(calendar.length % daysEach)
  const starts = days.filter((_, index) => index % daysEach === 0).map(({ start }) => start)
  const drawn = layers.map(({ name, values }) => ({
    name,
    values: sums(values.slice(calendar.length % daysEach), daysEach),
  }))
  const unit = daysEach === 1 ? 'day' : 'week'
  const heading = `${what} per ${unit}`
  const totals = starts.map((_, index) => drawn.reduce((sum, { values }) => sum + values[index]!, 0))
  const most = Math.max(...totals)
  const when = longDay(starts[totals.indexOf(most)]!, days.at(-1)!.start)
  const chart = areaChart({
    label: `${heading}: at most ${thousands(most)}, ${unit === 'day' ? 'on' : 'in the week from'} ${when}. The numbers are in the table below.`,
    ...{ layers: drawn, shape: 'steps', marks: marksOf(starts, daysEach), ...look },
    ...(line && { line }),
  })
  const rows = starts.map((start, index): [string, ...number[]] => [
    isoDay(start),
    ...drawn.map(({ values }) => values[index]!),
  ])
  const names = [unit === 'day' ? 'Day' : 'Week from', ...drawn.map(({ name }) => name)]
  return section(heading, keys.length ? legend(keys) : '', chart, dataTable(heading, names, rows))
}

function sums(days: readonly Day[], each: number): number[] {
  const sums: number[] = Array.from({ length: Math.ceil(days.length / each) }, () => 0)
  for (const [index, { count }] of days.entries()) sums[Math.floor(index / each)]! += count
  return sums
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

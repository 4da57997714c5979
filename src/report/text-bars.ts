import { columnsOf, cut, pad } from '../terminal/columns.ts'
import { change, percent, thousands } from '../terminal/number.ts'
import type { Glyphs } from './text-charts.ts'
import { changed } from './told.ts'
import type { Command } from './usage.ts'

/** More bars than a screen has lines are no picture, and a stranger can send as many names as he likes. */
const MAX_BARS = 60
const MAX_TREND = 12
const MIN_BAR = 8

/** A row per name, most first: how often, its share, a bar, its trend and what has changed. */
export function bars(all: readonly Command[], { width, glyphs }: { width: number; glyphs: Glyphs }): string {
  const shown = all.slice(0, MAX_BARS)
  const counts = shown.map(({ count }) => thousands(count))
  const changes = shown.map(({ change: one }) =>
    changed(one, change).replace('−', glyphs.minus).replace('±0%', 'same'),
  )
  const names = Math.min(Math.max(...shown.map(({ name }) => columnsOf(name))), Math.floor(width / 3))
  const digits = Math.max(...counts.map(({ length }) => length))
  const fixed = names + digits + Math.max(...changes.map(({ length }) => length)) + 13
  // A narrow terminal has room for the bars and not for the trends.
  const length = Math.min(MAX_TREND, shown[0]!.steps.length)
  const hasTrend = length > 1 && width - fixed - length - 2 >= MIN_BAR
  const room = Math.max(1, width - fixed - (hasTrend ? length + 2 : 0))
  const rows = shown.map(({ name, count, share, steps }, index) => {
    const drawn = bar((count / shown[0]!.count) * room, glyphs)
    const columns = [
      pad(cut(name, names), names),
      `${counts[index]!.padStart(digits)} ${percent(share).padStart(4)}`,
      pad(drawn, room),
      ...(hasTrend ? [trend(steps.slice(-MAX_TREND), glyphs)] : []),
      changes[index]!,
    ]
    return `  ${columns.join('  ')}`.trimEnd()
  })
  const more = all.length - shown.length
  const legend = changes.some(Boolean)
    ? [`  at the right: the last ${shown[0]!.change.days} days against those before`]
    : []
  return [...rows, ...(more ? [`  and ${thousands(more)} more`] : []), ...legend].join('\n')
}

function bar(length: number, { bar: [full = '', ...parts] }: Glyphs): string {
  const whole = Math.floor(length)
  const rest = parts[Math.floor((length - whole) * (parts.length + 1)) - 1] ?? ''
  // What was used at all is to be seen.
  return full.repeat(whole) + rest || (parts[0] ?? full)
}

function trend(steps: readonly number[], { heights }: Glyphs): string {
  const most = Math.max(1, ...steps)
  return steps.map(count => heights[Math.ceil((count / most) * (heights.length - 1))]!).join('')
}

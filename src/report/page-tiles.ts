import { count } from '../terminal/count.ts'
import { changeOf, percent, short } from '../terminal/number.ts'
import type { Claims } from './claims.ts'
import { spokenDay } from './days.ts'
import { html } from './html.ts'
import { daysOf } from './page-table.ts'
import { failedShare } from './rows.ts'
import type { Summary } from './summary.ts'
import { changeText, eachOf, shareText } from './text.ts'
import type { Range, Words } from './view.ts'

/** A percentage of fewer is no news. */
const MIN_BEFORE = 10

/** The numbers that matter, each with what has become of it. */
export function tilesOf({ summary, claims }: Range, words: Words | undefined): string {
  const { many, all, week, fresh, newest, period } = summary
  const days = daysOf(summary)
  const tiles = [
    ...(many && !period.unfinished
      ? [
          tile(
            'Installations in 7 days',
            short(week.now),
            arrow(week.now, week.before, 'good'),
            `${short(all.installations)} in ${days}${fresh === undefined ? '' : `, ${short(fresh)} of them new`}`,
          ),
        ]
      : many
        ? [tile('Installations', short(all.installations), '', 'today so far')]
        : []),
    tile(
      `${html(words?.runs ?? 'Runs')}, ${days}`,
      short(all.runs),
      arrow(all.runs, all.before?.runs, 'good'),
      many ? `${eachOf(all.runs, all.installations) || '0'} per installation` : '',
    ),
    ...(newest
      ? [
          tile(
            `On the newest, ${html(cut(newest.version))}`,
            percent(newest.share),
            '',
            adoptionText(summary),
          ),
        ]
      : []),
    ...(all.failed || all.past.failed
      ? [
          tile(
            `Failed, ${days}`,
            shareText(failedShare(all)) || '0%',
            pointsArrow(summary),
            worstText(claims),
          ),
        ]
      : []),
  ]
  return `<dl class="tiles">\n${tiles.join('\n')}\n</dl>`
}

/** Of one command: how many use it, how often, whether it fails, and when it was used last. */
export function commandTiles(name: string, { all, many, commands }: Summary, narrowed: Summary): string {
  const row = commands.find(one => one.name === name)!
  const days = daysOf(narrowed)
  const { period } = narrowed
  const last = spokenDay(row.last, period.to)
  const tiles = [
    ...(many
      ? [
          tile(
            `Used by, ${days}`,
            short(row.installations),
            arrow(row.installations, row.before?.installations, 'good'),
            `of ${count(all.installations, 'installation')}`,
          ),
        ]
      : []),
    tile(
      `Runs, ${days}`,
      short(row.runs),
      arrow(row.runs, row.before?.runs, 'good'),
      many && row.installations ? `${eachOf(row.runs, row.installations)} each` : '',
    ),
    ...(all.failed || all.past.failed
      ? [
          tile(
            `Failed, ${days}`,
            shareText(failedShare(row)) || '–',
            '',
            row.past.runs ? `${shareText(failedShare(row.past))} before` : '',
          ),
        ]
      : []),
    tile('Last run', last, '', `first ${spokenDay(row.first, period.to)}`),
  ]
  return `<dl class="tiles">\n${tiles.join('\n')}\n</dl>`
}

function tile(name: string, number: string, change: string, rest: string): string {
  return `<div><dt>${name}</dt><dd>${number}${change && ` ${change}`}${rest && ` <small>${rest}</small>`}</dd></div>`
}

/** How it has changed; more is good, bad or neither. */
function arrow(now: number, before: number | undefined, more: 'good' | 'bad'): string {
  if (before === undefined) return ''
  const change = before >= MIN_BEFORE ? changeOf(now, before) : undefined
  if (change === undefined) return before || now ? `<em>${short(before)} before</em>` : ''
  if (!change) return '<em>as before</em>'
  return `<em class="${change > 0 === (more === 'good') ? 'good' : 'bad'}">${changeText(change)}</em>`
}

/** Of a share: how many points more or less of it. */
function pointsArrow({ all }: Summary): string {
  const [now, before] = [failedShare(all), failedShare(all.past)]
  if (now === undefined || before === undefined || all.past.runs < 2 * MIN_BEFORE) return ''
  return `<em>${percent(before)} before</em>`
}

/** The one that a sentence names too. */
function worstText({ failing }: Claims): string {
  if (!failing) return ''
  const { name, now, usual, since } = failing
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? `${html(cut(name))} ${share}, was ${before}`
    : `${html(cut(name))} ${share} on ${html(cut(since))}, else ${before}`
}

function adoptionText({ newest, period, many }: Summary): string {
  const { appeared, half, most } = newest!
  if (appeared === undefined) return ''
  const days = (number: number) => (number ? count(number, 'day') : 'one day')
  if (!many || half === undefined) return `since ${spokenDay(appeared, period.to)}`
  return `half in ${days(half)}${most === undefined ? '' : `, 90% in ${days(most)}`}`
}

function cut(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name
}

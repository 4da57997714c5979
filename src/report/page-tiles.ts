import { percent, percentChange, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { spokenDay } from './days.ts'
import { changeText, eachOf, shareText } from './figures.ts'
import type { Findings } from './findings.ts'
import { html } from './html.ts'
import { daysOf } from './page-table.ts'
import { failedShare } from './rows.ts'
import type { Summary } from './summary.ts'
import type { Range, Words } from './view.ts'

/** Percentages of a smaller number mean little. */
const MIN_BEFORE = 10

/** The main numbers, each with its change. */
export function tilesOf({ summary, findings }: Range, words: Words | undefined): string {
  const { hasInstallations, all, week, newInstallations, newest, period } = summary
  const days = daysOf(summary)
  const tiles = [
    ...(hasInstallations && !period.unfinished
      ? [
          tile(
            'Installations in 7 days',
            shortNumber(week.now),
            arrow(week.now, week.before, 'good'),
            `${shortNumber(all.installations)} in ${days}${newInstallations === undefined ? '' : `, ${shortNumber(newInstallations)} of them new`}`,
          ),
        ]
      : hasInstallations
        ? [tile('Installations', shortNumber(all.installations), '', 'today so far')]
        : []),
    tile(
      `${html(words?.runs ?? 'Runs')}, ${days}`,
      shortNumber(all.runs),
      arrow(all.runs, all.before?.runs, 'good'),
      hasInstallations ? `${eachOf(all.runs, all.installations) || '0'} per installation` : '',
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
    ...(all.failed || all.usual.failed
      ? [
          tile(
            `Failed, ${days}`,
            shareText(failedShare(all)) || '0%',
            shareBefore(summary),
            worstText(findings),
          ),
        ]
      : []),
  ]
  return `<dl class="tiles">\n${tiles.join('\n')}\n</dl>`
}

/** The numbers of one command. */
export function commandTiles(
  name: string,
  { all, hasInstallations, commands }: Summary,
  narrowed: Summary,
): string {
  const row = commands.find(one => one.name === name)!
  const days = daysOf(narrowed)
  const { period } = narrowed
  const last = spokenDay(row.last, period.to)
  const tiles = [
    ...(hasInstallations
      ? [
          tile(
            `Used by, ${days}`,
            shortNumber(row.installations),
            arrow(row.installations, row.before?.installations, 'good'),
            `of ${plural(all.installations, 'installation')}`,
          ),
        ]
      : []),
    tile(
      `Runs, ${days}`,
      shortNumber(row.runs),
      arrow(row.runs, row.before?.runs, 'good'),
      hasInstallations && row.installations ? `${eachOf(row.runs, row.installations)} each` : '',
    ),
    ...(all.failed || all.usual.failed
      ? [
          tile(
            `Failed, ${days}`,
            shareText(failedShare(row)) || '–',
            '',
            row.usual.runs ? `${shareText(failedShare(row.usual))} before` : '',
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

/** The change, in green if it is good. */
function arrow(now: number, before: number | undefined, more: 'good' | 'bad'): string {
  if (before === undefined) return ''
  const change = before >= MIN_BEFORE ? percentChange(now, before) : undefined
  if (change === undefined) return before || now ? `<em>${shortNumber(before)} before</em>` : ''
  if (!change) return '<em>as before</em>'
  return `<em class="${change > 0 === (more === 'good') ? 'good' : 'bad'}">${changeText(change)}</em>`
}

/** The share before. */
function shareBefore({ all }: Summary): string {
  const [now, before] = [failedShare(all), failedShare(all.usual)]
  if (now === undefined || before === undefined || all.usual.runs < 2 * MIN_BEFORE) return ''
  return `<em>${percent(before)} before</em>`
}

/** The command that a sentence below names too. */
function worstText({ failing }: Findings): string {
  if (!failing) return ''
  const { name, now, usual, since } = failing
  const [share, before] = [percent(failedShare(now)!), percent(failedShare(usual)!)]
  return since === undefined
    ? `${html(cut(name))} ${share}, was ${before}`
    : `${html(cut(name))} ${share} on ${html(cut(since))}, else ${before}`
}

function adoptionText({ newest, period, hasInstallations }: Summary): string {
  const { appeared, daysToHalf, daysTo90 } = newest!
  if (appeared === undefined) return ''
  const days = (number: number) => (number ? plural(number, 'day') : 'one day')
  if (!hasInstallations || daysToHalf === undefined) return `since ${spokenDay(appeared, period.to)}`
  return `half in ${days(daysToHalf)}${daysTo90 === undefined ? '' : `, 90% in ${days(daysTo90)}`}`
}

function cut(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name
}

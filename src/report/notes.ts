import { percent, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import { shortDay } from './days.ts'
import type { Heavy } from './heavy.ts'
import type { View } from './view.ts'

/** A sentence on each heavy installation, and whether it is counted here. */
export function heavyText({ heavy, everybody, history, public: isPublic }: View): string[] {
  if (!heavy.length) return []
  const isOut = everybody !== undefined || isPublic
  const many = heavy.length > 1
  const rest = isOut
    ? `${many ? 'They are' : 'It is'} left out${isPublic ? '' : '; --all counts everybody'}.`
    : `${many ? 'They are' : 'It is'} counted here.`
  return [`${heavy.map(one => heavySentence(one, history.today)).join(' ')} ${rest}`]
}

export function heavySentence(
  { installation, runs, share, command, commandShare, since }: Heavy,
  today: number,
): string {
  const who = installation ? `One installation (${shortId(installation)})` : 'One installation'
  const what = commandShare === 1 ? `all of them ${command}` : `${percent(commandShare)} of them ${command}`
  return `${who} made ${percent(share)} of all runs: ${plural(runs, 'run')} since ${shortDay(since, today)}, ${what}.`
}

function shortId(installation: string): string {
  return installation.length > 12 ? `${installation.slice(0, 8)}…` : installation
}

/** What the numbers do not include. */
export function notesOf({ history, notes }: View): string[] {
  const { ended, early, late, since, today } = history
  return [
    ...(ended === undefined
      ? []
      : [`Nothing has arrived since ${shortDay(ended, today)}: the numbers are of the days up to then.`]),
    ...(early
      ? [
          `${shortNumber(early)} older counts, from before a gap of 60 days, are left out: the numbers begin on ${shortDay(since, today)}.`,
        ]
      : []),
    ...(late ? [`${shortNumber(late)} counts have a time in the future, and are left out.`] : []),
    ...notes,
  ]
}

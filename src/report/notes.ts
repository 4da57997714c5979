import { count } from '../terminal/count.ts'
import { percent, short } from '../terminal/number.ts'
import { shortDay } from './days.ts'
import type { Heavy } from './heavy.ts'
import type { View } from './view.ts'

/** On each installation that makes most of the runs: what it does, and whether it is counted here. */
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
  { installation, runs, share, command, most, since }: Heavy,
  today: number,
): string {
  const who = installation ? `One installation (${shortId(installation)})` : 'One installation'
  const what = most === 1 ? `all of them ${command}` : `${percent(most)} of them ${command}`
  return `${who} made ${percent(share)} of all runs: ${count(runs, 'run')} since ${shortDay(since, today)}, ${what}.`
}

function shortId(installation: string): string {
  return installation.length > 12 ? `${installation.slice(0, 8)}…` : installation
}

/** What a reader should know of what is not in the numbers. */
export function notesOf({ history, notes }: View): string[] {
  const { ended, early, late, since, today } = history
  return [
    ...(ended === undefined
      ? []
      : [`Nothing has come since ${shortDay(ended, today)}: the numbers are of the days up to then.`]),
    ...(early
      ? [
          `${short(early)} older counts, from before a gap of 60 days, are left out: the numbers begin on ${shortDay(since, today)}.`,
        ]
      : []),
    ...(late ? [`${short(late)} counts have a time that is yet to come, and are left out.`] : []),
    ...notes,
  ]
}

import { percent, shortNumber } from '../terminal/number.ts'
import { plural } from '../terminal/plural.ts'
import type { Summary } from './summary.ts'

// Numbers as text and page show them.

/** `12 runs by 3 installations, 1 failed` */
export function todayText({ today, hasInstallations }: Summary): string {
  if (!today) return ''
  const { runs, failed, events, installations } = today
  return [
    `${plural(runs, 'run')}${hasInstallations ? ` by ${plural(installations, 'installation')}` : ''}`,
    ...(failed ? [`${shortNumber(failed)} failed`] : []),
    ...(events ? [plural(events, 'event')] : []),
  ].join(', ')
}

/** Runs per installation: `2.4`. */
export function eachOf(runs: number, installations: number): string {
  if (!installations) return ''
  const each = runs / installations
  return each < 100 ? each.toFixed(1) : shortNumber(each)
}

/** `37%`; empty where nothing ran. */
export function shareText(share: number | undefined): string {
  return share === undefined ? '' : percent(share)
}

/** `▲ 15%` */
export function changeText(change: number): string {
  if (!change) return 'the same'
  return `${change > 0 ? '▲' : '▼'} ${Math.abs(change) > 999 ? '>999' : Math.abs(change)}%`
}

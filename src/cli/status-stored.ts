import type { Answers } from '../core/decide/consent.ts'
import type { Row } from '../core/layout.ts'
import { plural } from '../terminal/plural.ts'
import { type Inspection, ownLog } from './inspect.ts'
import { firstOf, type StoredLog, seriesIn, totalsOf } from './logs.ts'
import { seriesLabelWithKind } from './series-label.ts'

const LATER = 'made with the first count'

/** The files, the ids, the user's answer and the notices that were shown. */
export function storedRows(inspection: Inspection): Row[] {
  const { folders, fingerprint, answers, notice, route } = inspection
  const own = ownLog(inspection)
  const shown = agreementRows(notice, 'shown')
  return [
    ['config', folders?.config ?? 'none'],
    ['state', folders?.stateFolder ?? 'none'],
    ['fingerprint', fingerprint ? fingerprintText(fingerprint) : LATER],
    ['instance id', own?.fold.head?.id ?? LATER],
    ...titled('answer', answerTexts(answers)),
    ...titled(
      'notice',
      notice.unreadable
        ? [`cannot be read (${notice.unreadable})`]
        : shown.length
          ? shown
          : ['not shown yet'],
    ),
    ['delivery', route ? `${route.route}: ${route.reason}` : 'none'],
  ]
}

function fingerprintText({ fingerprint, status }: NonNullable<Inspection['fingerprint']>): string {
  const ended = {
    copied: 'it was copied here',
    expired: 'it is older than 13 months',
    damaged: 'the file is damaged',
  }
  return status === 'good'
    ? fingerprint
    : `${fingerprint && `${fingerprint}, `}ended: ${ended[status]}; the next count makes a new one`
}

function answerTexts(answers: Answers): string[] {
  if (answers.no !== undefined) return [`no${answers.no ? `, on ${day(answers.no)}` : ''}`]
  if (answers.unreadable) return [`cannot be read, which means no (${answers.unreadable})`]
  const yes = agreementRows(answers, 'yes')
  return yes.length
    ? yes
    : [answers.copied ? 'none here: a yes was copied from elsewhere, and does not count' : 'none yet']
}

function agreementRows({ agreed }: Answers, what: string): string[] {
  return Object.entries(agreed).map(
    ([origin, { noticeVersion, time }]) =>
      `${what} on ${day(time)}, for ${origin} (version ${noticeVersion})`,
  )
}

/** What was counted, for each log. */
export function countRows(inspection: Inspection): Row[] {
  const { logs } = inspection
  if (!logs.length) return [['counted', 'nothing yet']]
  return titled(
    'counted',
    logs.flatMap(log => logTexts(log, inspection)),
  )
}

function logTexts(log: StoredLog, inspection: Inspection): string[] {
  const { version, local, current, fold } = log
  const totals = totalsOf(fold)
  const kinds = (['run', 'failure', 'event'] as const).filter((kind, index) => totals[kind] || !index)
  const counts = kinds.map(kind => plural(totals[kind], kind)).join(', ')
  const first = firstOf(fold)
  const waiting = fold.total - fold.taken
  const head = [
    `${counts} of version ${version}${endpointText(log, inspection)}${first ? `, since ${day(first)}` : ''}`,
    local
      ? 'for you alone'
      : waiting
        ? `${waiting === fold.total ? 'not sent yet' : `${plural(waiting, 'count')} not sent yet`}`
        : 'sent',
  ].join(', ')
  // Of other logs only the totals are shown: `export` has the rest.
  if (!current) return [head]
  const series = [...fold.series].sort(([, a], [, b]) => b.value - a.value)
  return [
    head,
    ...series.map(([text, { value }]) => `${value}  ${seriesLabelWithKind(seriesIn(text, fold))}`),
  ]
}

/** The endpoint of a log, if it is not the one in effect. */
function endpointText({ endpoint, local }: StoredLog, { urls, target }: Inspection): string {
  const url = urls.get(endpoint)
  if (local || (url !== undefined && url === target?.url)) return ''
  return ` for ${url ?? 'an endpoint that is not set any more'}`
}

/** One label for several texts. */
export function titled(title: string, texts: readonly string[]): Row[] {
  return texts.map((text, index) => [index ? '' : title, text])
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10)

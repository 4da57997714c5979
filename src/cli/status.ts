import { isProblem } from '../core/decide/config.ts'
import type { Answers } from '../core/decide/consent.ts'
import { contents } from '../core/decide/notice.ts'
import type { Row } from '../core/layout.ts'
import type { Tool } from '../core/tool.ts'
import { notAnEndpoint } from '../exchange/explain.ts'
import { wayTo } from '../exchange/proxy.ts'
import { count } from '../terminal/count.ts'
import { type Context, called } from './context.ts'
import { type Inspection, ownLog, setBy } from './inspect.ts'
import { labelOfKind } from './label.ts'
import { lastRequest, requestText } from './last-request.ts'
import { firstOf, type StoredLog, seriesIn, totalsOf } from './logs.ts'
import { nextStep } from './next-step.ts'
import { block, rows, sentences } from './print.ts'

/** What each mode means to the person who reads it. */
const meaning = {
  on: 'on: runs are counted and sent',
  local: 'local: runs are counted, nothing is sent',
  log: 'log: what would be sent is printed, nothing is counted or sent',
  off: 'off: nothing is counted or sent',
}

const LATER = 'made with the first count'

/** The report for people: what is in effect, why, how to change it, what can be sent, and what was counted. */
export function statusText(inspection: Inspection, { tool, env, stdout }: Context): string {
  const { decision, counterfactuals, config } = inspection
  const { name } = tool.options
  const place = isProblem(config) && config.why === 'syntax' ? `\n${block(config.codeblock)}` : ''
  return `${sentences(stdout, `${name} telemetry is ${meaning[decision.mode]}`)}\n${rows(stdout, [
    ['because', decision.reason],
    ...titled(
      'without it',
      counterfactuals.map(({ mode, reason }) => `${mode}: ${reason}`),
    ),
    ...titled('next step', nextStep(inspection, tool)),
    ...endpointRows(inspection, name, env),
    ...sentRows(inspection, tool),
    ...storedRows(inspection),
    ...inspection.problems.map(problem => ['problem', problem] as const),
    ...requestRows(inspection, tool),
    ...countRows(inspection),
  ])}${place}`
}

function endpointRows(inspection: Inspection, name: string, env: Context['env']): Row[] {
  const { endpoint, target } = inspection
  if (!endpoint.endpoint) return [['endpoint', 'none']]
  const from = `(from ${setBy(inspection, name)})`
  if (!target)
    return [
      [
        'endpoint',
        inspection.optionProblems.length
          ? `not looked at ${from}`
          : `${notAnEndpoint(endpoint.endpoint)} ${from}`,
      ],
    ]
  const way = wayTo(target.url, env)
  return [
    ['endpoint', `${target.url} ${from}`],
    ...(isPlain(target) ? [['', 'plain http: anybody on the way can read what is sent'] as const] : []),
    ...(way ? [['', way] as const] : []),
  ]
}

/** Plain http to another machine. To this one nobody is on the way. */
export function isPlain({ url, local }: { url: string; local: boolean }): boolean {
  return url.startsWith('http:') && !local
}

/** What can be sent. Of options that are not valid nothing can. */
function sentRows({ optionProblems, target }: Inspection, tool: Tool): Row[] {
  if (optionProblems.length) return []
  const own = contents(tool.options, target).filter(([label]) => label !== 'To')
  return [
    ...own.map(([label, text]) => [label.toLowerCase(), text] as const),
    ...(tool.options.command === false ? [] : [['in full', called(tool, 'preview --all')] as const]),
  ]
}

function storedRows(inspection: Inspection): Row[] {
  const { folders, fingerprint, answers, notice, route } = inspection
  const own = ownLog(inspection)
  const shown = agreementRows(notice, 'shown')
  return [
    ['config', folders?.config ?? 'none'],
    ['state', folders?.state ?? 'none'],
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

function fingerprintText({ fingerprint, state }: NonNullable<Inspection['fingerprint']>): string {
  const ended = {
    copied: 'it was copied here',
    expired: 'it is older than 13 months',
    damaged: 'the file is damaged',
  }
  return state === 'good'
    ? fingerprint
    : `${fingerprint && `${fingerprint}, `}ended: ${ended[state]}; the next count makes a new one`
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

function requestRows(inspection: Inspection, tool: Tool): Row[] {
  const now = Date.now()
  const { logs } = inspection
  const own = ownLog(inspection)
  const sent = logs.filter(({ local, endpoint }) => !local && (!own || endpoint === own.endpoint))
  const request = lastRequest(sent, now)
  const isBad = request?.result === 'refused' || request?.result === 'unknown'
  return [
    ['last request', requestText(request, now)],
    ...(isBad && tool.options.command !== false
      ? [['', `"${called(tool, 'check')}" sends an empty one, and explains the answer`] as const]
      : []),
  ]
}

function countRows({ logs }: Inspection): Row[] {
  if (!logs.length) return [['counted', 'nothing yet']]
  return titled('counted', logs.flatMap(logTexts))
}

function logTexts({ version, local, current, fold }: StoredLog): string[] {
  const totals = totalsOf(fold)
  const kinds = (['run', 'failure', 'event'] as const).filter((kind, index) => totals[kind] || !index)
  const counts = kinds.map(kind => count(totals[kind], kind)).join(', ')
  const first = firstOf(fold)
  const waiting = fold.total - fold.taken
  const head = [
    `${counts} of version ${version}${first ? `, since ${day(first)}` : ''}`,
    local
      ? 'for you alone'
      : waiting
        ? `${waiting === fold.total ? 'not sent yet' : `${count(waiting, 'count')} not sent yet`}`
        : 'sent',
  ].join(', ')
  // An old version has its place here; `export` has it all.
  if (!current) return [head]
  const series = [...fold.series].sort(([, a], [, b]) => b.value - a.value)
  return [head, ...series.map(([text, { value }]) => `${value}  ${labelOfKind(seriesIn(text, fold))}`)]
}

/** One label for several texts. */
function titled(title: string, texts: readonly string[]): Row[] {
  return texts.map((text, index) => [index ? '' : title, text])
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10)

import { isProblem } from '../core/decide/config.ts'
import { contents, newsIn } from '../core/decide/notice.ts'
import type { Row } from '../core/layout.ts'
import type { Tool } from '../core/tool.ts'
import { proxySentence } from '../exchange/proxy.ts'
import { endpointSentence } from '../exchange/sentences.ts'
import { type Context, commandText } from './context.ts'
import { type Inspection, ownLog, setBy } from './inspect.ts'
import { lastRequest, requestText } from './last-request.ts'
import { nextStep } from './next-step.ts'
import { block, rows, sentences } from './print.ts'
import { countRows, storedRows, titled } from './status-stored.ts'

const meaning = {
  on: 'on: runs are counted and sent',
  local: 'local: runs are counted, nothing is sent',
  log: 'log: what would be sent is printed, nothing is counted or sent',
  off: 'off: nothing is counted or sent',
}

/** `status`: what is in effect and why, how to change it, what can be sent, and what was counted. */
export function statusText(inspection: Inspection, { tool, env, stdout }: Context): string {
  const { decision, counterfactuals, config } = inspection
  const { name } = tool.options
  const place = isProblem(config) && config.why === 'syntax' ? `\n${block(config.codeblock)}` : ''
  return `${sentences(stdout, `${name} telemetry is ${meaning[decision.mode]}`)}\n${rows(stdout, [
    ['because', decision.reason],
    ...otherYesRows(inspection),
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

/** What a yes lacks that does not count for what would be sent now. */
function otherYesRows({ decision, answers, target }: Inspection): Row[] {
  const { agreed } = answers
  if (!target || ![16, 18].includes(decision.row) || !Object.keys(agreed).length) return []
  const news = newsIn(target, agreed)
  const what = Object.hasOwn(agreed, target.origin)
    ? `did not cover ${news.length ? news.join(', ') : 'the new text of the notice'}`
    : `was for ${Object.keys(agreed).join(' and ')}, not for ${target.origin}`
  return [['', `your yes ${what}`]]
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
          : `${endpointSentence(endpoint.endpoint)} ${from}`,
      ],
    ]
  const proxy = proxySentence(target.url, env)
  return [
    ['endpoint', `${target.url} ${from}`],
    ...(isPlain(target) ? [['', 'plain http: anybody on the way can read what is sent'] as const] : []),
    ...(proxy ? [['', proxy] as const] : []),
  ]
}

/** Whether others can read the requests: plain http to another machine. */
export function isPlain({ url, local }: { url: string; local: boolean }): boolean {
  return url.startsWith('http:') && !local
}

/** What can be sent: nothing if an option is not valid. */
function sentRows({ optionProblems, target }: Inspection, tool: Tool): Row[] {
  if (optionProblems.length) return []
  const own = contents(tool.options, target).filter(([label]) => label !== 'To')
  return [
    ...own.map(([label, text]) => [label.toLowerCase(), text] as const),
    ...(tool.options.command === false ? [] : [['in full', commandText(tool, 'preview --all')] as const]),
  ]
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
      ? [['', `"${commandText(tool, 'check')}" sends an empty one, and explains the answer`] as const]
      : []),
  ]
}

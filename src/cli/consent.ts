import { agentIn } from '../core/agent.ts'
import { type Agreements, noticePath, readAnswers, withTerms, writeAnswers } from '../core/decide/consent.ts'
import type { Target } from '../core/decide/decide.ts'
import { environmentPrefix, unreadVariable } from '../core/decide/environment.ts'
import type { Folders } from '../core/decide/folders.ts'
import { contents, newsIn, noticeText } from '../core/decide/notice.ts'
import { type Row, rowsText, textWidth, wrap } from '../core/layout.ts'
import { printable } from '../terminal/printable.ts'
import { writeYes } from './answer.ts'
import { type Context, called, contextOf, type TelemetryIo } from './context.ts'
import { decisionOf } from './counterfactuals.ts'
import { type Inspection, inspect } from './inspect.ts'
import { sentences } from './print.ts'
import { yesOrNo } from './question.ts'
import { disable, enable, sayNo } from './switch.ts'
import { writeProblem } from './write-problem.ts'

/** The same surroundings, and how to ask. */
export interface ConsentIo extends TelemetryIo {
  /** The answer when the user only presses Enter. Default `no`. */
  default?: 'yes' | 'no'
  /** How long to wait for an answer, in ms. Default 30 000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000
/** The rows that leave it to the user: nothing was agreed to yet, or only a notice was shown. */
const OPEN: readonly number[] = [16, 17, 18]

/**
 * Asks the user for consent, once: what is collected, what never is, where it goes. The answer is written as `enable`
 * and `disable` write it, and is in effect from the next `trackCommand` on. Where more is sent than the user has agreed
 * to, it asks again and says what is new.
 *
 * Resolves with the answer, given now or before; undefined where there is none: nobody is at a terminal, a coding agent
 * runs this, `CI` or `DO_NOT_TRACK` or anything else has decided, Ctrl-D, no answer within the time, or it could not be
 * written (then the reason is on stderr). What was typed before the question does not answer it. With `default: 'yes'`
 * Enter alone is a yes; that is no explicit consent. Never rejects.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { askConsent } from 'otlp-tally/cli'
 *
 * const { trackCommand } = initTelemetry({
 *   name: 'trix',
 *   version: '0.19.3',
 *   endpoint: 'https://otel.example.com',
 *   commands: ['build'],
 *   consent: 'explicit',
 * })
 * await askConsent()
 * trackCommand('build')
 * ```
 */
export async function askConsent(io: ConsentIo = {}): Promise<boolean | undefined> {
  const context = contextOf(io)
  // A mistake of the program's. Its user came for something else, and cannot correct it.
  if (typeof context === 'string') return undefined
  const { tool, env, stderr } = context
  const { row, cause, target, folders } = decisionOf(context)
  if (row === 15) return true
  if (row === 8) return cause?.message ? undefined : false
  const isUnread = unreadVariable(env) ?? agentIn(env)?.variable
  if (!OPEN.includes(row) || !target || !folders || isUnread || writeProblem(context)) return undefined
  const answer = await ask(context, inspect(context), io)
  if (answer === undefined) return undefined
  // What was decided before the answer does not hold any more.
  tool.discard()
  const complain = (failures: string[]) =>
    stderr.write(sentences(stderr, ...failures.map(text => `your answer could not be written: ${text}`)))
  const { name } = tool.options
  if (!answer) {
    const { ok, lines } = sayNo(context)
    stderr.write(
      sentences(stderr, ...lines.map((line, index) => (index ? line : `${name} telemetry ${line}`))),
    )
    return ok ? false : undefined
  }
  const failures = writeYes(folders, target)
  if (failures.length) {
    complain(failures)
    return undefined
  }
  const off = tool.options.command === false ? '' : `; "${called(tool, 'disable')}" switches it off`
  stderr.write(sentences(stderr, `Thank you. ${name} telemetry is on${off}.`))
  return true
}

/**
 * For a host without a terminal (an editor, a desktop application, an MCP server): the text to show on a surface of its
 * own. With `consent: 'explicit'` it is the question, otherwise the notice. Undefined where there is nothing to show:
 * the user has answered, has seen it, or something else has decided.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { consentText, recordConsent } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com', commands: ['build'] })
 * const text = consentText()
 * if (text !== undefined) {
 *   console.log(text) // a dialog of the host's
 *   recordConsent('shown', text)
 * }
 * ```
 */
export function consentText(io: TelemetryIo = {}): string | undefined {
  const context = contextOf(io)
  return typeof context === 'string' ? undefined : openText(context)?.text
}

/**
 * Records what the user of such a host has answered to the text of `consentText`: `yes`, `no`, or that the notice was
 * `shown`, where the tool asks for no more. True where that is recorded. False where the text is not the one that is
 * due now: nobody has agreed to what it did not say. A `no` is recorded in any case, and ends the installation as
 * `disable` does. Never throws.
 *
 * @example
 * ```js
 * import { initTelemetry } from 'otlp-tally'
 * import { consentText, recordConsent } from 'otlp-tally/cli'
 *
 * initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'https://otel.example.com', commands: ['build'] })
 * const text = consentText()
 * if (text !== undefined) recordConsent('no', text) // the user has said no
 * ```
 */
export function recordConsent(answer: 'shown' | 'yes' | 'no', text: string, io: TelemetryIo = {}): boolean {
  const context = contextOf(io)
  if (typeof context === 'string') return false
  // A process that runs on decides anew at its next count. A notice holds from the next run on, as it says.
  if (answer !== 'shown') context.tool.discard()
  if (answer === 'no') return sayNo(context).ok
  const open = openText(context)
  if (!open || open.text !== text || writeProblem(context)) return false
  const { target, folders } = open
  if (answer === 'yes') return writeYes(folders, target).length === 0
  if (answer !== 'shown' || context.tool.options.consent === 'explicit') return false
  try {
    const path = noticePath(folders.state)
    writeAnswers(path, { shown: withTerms(readAnswers(path).agreed, target, Date.now()) })
    return true
  } catch {
    return false // the state folder cannot be written: nothing will be counted either
  }
}

function openText(context: Context): { text: string; folders: Folders; target: Target } | undefined {
  const { options } = context.tool
  const { decision, folders, target, notice, answers } = inspect(context)
  if (!folders || !target || (decision.row !== 16 && decision.row !== 18)) return undefined
  const text =
    options.consent === 'explicit'
      ? questionText(context, target, folders, answers.agreed)
      : noticeText(options, target, folders.config, notice.agreed)
  return { text, folders, target }
}

/** `prompt`: asks also a user who has answered before, and says what is then in effect. */
export async function promptAgain(context: Context): Promise<number> {
  const { tool, stdin, stderr } = context
  const inspection = inspect(context)
  const { decision, counterfactuals, target } = inspection
  // What no answer could change. `local` and CI are no noes.
  const no = [decision, ...counterfactuals].find(({ row, mode }) => mode === 'off' && (row < 8 || row === 10))
  const problem = writeProblem(context) ?? no?.reason ?? (target ? undefined : decision.reason)
  const answer = problem === undefined ? await ask(context, inspection) : undefined
  if (answer === undefined) {
    const why = problem ?? (stdin.isTTY && stderr.isTTY ? 'there was no answer' : 'no terminal to ask in')
    const commands = `"${called(tool, 'enable')}" or "${called(tool, 'disable')}"`
    stderr.write(
      sentences(stderr, `Nothing changed: ${why}.${problem === undefined ? ` Use ${commands}.` : ''}`),
    )
    return 1
  }
  return answer ? enable(context) : disable(context)
}

function ask(
  context: Context,
  { target, folders, answers }: Inspection,
  { default: enter = 'no', timeoutMs = TIMEOUT_MS }: ConsentIo = {},
): Promise<boolean | undefined> {
  const text = questionText(context, target!, folders!, answers.agreed)
  return yesOrNo(text, context, timeoutMs, enter === 'yes')
}

function questionText(
  { tool, stderr }: Context,
  target: Target,
  folders: Folders,
  agreed: Agreements,
): string {
  const { options } = tool
  const width = textWidth(stderr.columns)
  const news = newsIn(target, agreed)
  const later =
    options.command === false
      ? `${environmentPrefix(options.name)}_TELEMETRY=off, or [telemetry] enabled = false in ${folders.config}`
      : `${called(tool, 'enable')}, or disable`
  const rows: Row[] = [
    ...contents(options, target),
    ...(news.length ? [['New', news.join(', ')] as const] : []),
    ['Later', later],
  ]
  return [
    wrap(`May ${options.name} count how often you run each of its commands, and send these counts?`, width),
    rowsText(
      rows.map(([label, text]) => [label, printable(text, Number.POSITIVE_INFINITY)] as const),
      width,
    ),
    'Count and send?',
  ].join('\n')
}

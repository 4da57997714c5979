import { agentIn } from '../core/agent.ts'
import { unreadVariable } from '../core/decide/environment.ts'
import { writeYes } from './answer.ts'
import { type Context, commandText, contextOf, type TelemetryIo } from './context.ts'
import { decisionOf } from './counterfactuals.ts'
import { type Inspection, inspect } from './inspect.ts'
import { sentences } from './print.ts'
import { yesOrNo } from './question.ts'
import { questionText } from './question-text.ts'
import { Stop } from './stop.ts'
import { disable, enable, recordNo } from './switch.ts'
import { writeProblem } from './write-problem.ts'

/** How to ask. */
export interface ConsentIo extends TelemetryIo {
  /** The answer when the user only presses Enter. Default `no`. A `yes` here is no explicit consent. */
  default?: 'yes' | 'no'
  /** How long to wait for an answer, in ms. Default 30 000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000
/** The rows in which the user has not answered: nothing was agreed to, or only a notice was shown. */
const UNANSWERED: readonly number[] = [16, 17, 18]

/**
 * Asks the user for consent, once: what is collected, what never is, where it goes. The answer is in effect from the
 * next `trackCommand` on. If more is sent later than the user has agreed to, it asks again and says what is new.
 *
 * Resolves with the answer, given now or before; with undefined if there is none: no terminal, a coding agent, `CI` or
 * `DO_NOT_TRACK` or anything else has decided, Ctrl-D, no answer in time, or an answer that could not be written (stderr
 * says why). What was typed before the question does not answer it. Never rejects.
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
  // A mistake in the program, which its user cannot correct.
  if (typeof context === 'string') return undefined
  const { tool, env, stderr } = context
  const { row, cause, target, folders } = decisionOf(context)
  if (row === 15) return true
  if (row === 8) return cause?.message ? undefined : false
  const isUnread = unreadVariable(env) ?? agentIn(env)?.variable
  if (!UNANSWERED.includes(row) || !target || !folders || isUnread || writeProblem(context)) return undefined
  const answer = await ask(context, inspect(context), io)
  if (answer === undefined) return undefined
  // The next count decides anew.
  tool.discard()
  if (!answer) {
    const { ok, lines } = recordNo(context)
    stderr.write(sentences(stderr, ...lines))
    return ok ? false : undefined
  }
  const failures = writeYes(folders, target)
  const off = tool.options.command === false ? '' : `; "${commandText(tool, 'disable')}" switches it off`
  const thanks = `Thank you. ${tool.options.name} telemetry is on${off}.`
  const lines = failures.length ? failures.map(text => `your answer could not be written: ${text}`) : [thanks]
  stderr.write(sentences(stderr, ...lines))
  return failures.length ? undefined : true
}

/** `prompt`: also asks a user who has answered before. Resolves with the exit code. */
export async function promptAgain(context: Context): Promise<number> {
  const { tool, stdin, stderr } = context
  const inspection = inspect(context)
  const { decision, counterfactuals, target } = inspection
  // What no answer can change. The user can override `local` and CI.
  const no = [decision, ...counterfactuals].find(({ row, mode }) => mode === 'off' && (row < 8 || row === 10))
  const problem = writeProblem(context) ?? no?.reason ?? (target ? undefined : decision.reason)
  if (problem !== undefined) throw new Stop(`nothing was changed: ${problem}`)
  const answer = await ask(context, inspection)
  if (answer === undefined) {
    const why = stdin.isTTY && stderr.isTTY ? 'there was no answer' : 'no terminal to ask in'
    const commands = `"${commandText(tool, 'enable')}" or "${commandText(tool, 'disable')}"`
    throw new Stop(`nothing was changed: ${why}. Use ${commands}`)
  }
  return answer ? enable(context) : disable(context)
}

function ask(
  context: Context,
  { target, folders, answers }: Inspection,
  { default: enter = 'no', timeoutMs = TIMEOUT_MS }: ConsentIo = {},
): Promise<boolean | undefined> {
  const text = questionText(context.tool, target!, folders!, answers.agreed, context.stderr.columns)
  return yesOrNo(text, context, timeoutMs, enter === 'yes')
}

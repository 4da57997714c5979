import { contents } from '../core/decide/notice.ts'
import { rowsText, textWidth, wrap } from '../core/rows.ts'
import { inspect, quietFacts } from './inspect.ts'
import { rulingsOf } from './otherwise.ts'
import { yesOrNo } from './question.ts'
import { type Context, contextOf, type TelemetryIo } from './run.ts'
import { inForce, writeEnabled } from './switch.ts'

/** The same surroundings, and how to ask. */
export interface ConsentIo extends TelemetryIo {
  /** What Enter alone means: `[Y/n]` or `[y/N]`. Default `no`. */
  default?: 'yes' | 'no'
  /** How long to wait for an answer, in ms. Default 30 000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000

/**
 * Asks the user for consent, once: what is collected, what never is, where it goes. The answer is written into their
 * config as `enable` and `disable` write it, and holds from the next `trackCommand` on.
 *
 * Resolves with the answer, given now or before; undefined where there is none: nobody is at a terminal, `CI` or
 * `DO_NOT_TRACK` or anything else has decided, Ctrl-D, no answer within the time, or it could not be written (then the
 * reason is on stderr). Nothing is ever stored as a yes that was not one. Never rejects.
 *
 * @example
 * ```js
 * import { initTelemetry, trackCommand } from 'otlp-tally'
 * import { askConsent } from 'otlp-tally/cli'
 *
 * initTelemetry({
 *   name: 'trix',
 *   version: '0.19.3',
 *   endpoint: 'https://otel.example.com',
 *   consent: 'explicit',
 * })
 * await askConsent()
 * trackCommand('build')
 * ```
 */
export async function askConsent(io: ConsentIo = {}): Promise<boolean | undefined> {
  const context = contextOf(io)
  if (typeof context === 'string') {
    const { stderr = process.stderr } = io
    stderr.write(`${context}\n`)
    return undefined
  }
  const facts = quietFacts(context.tool, context.env)
  // Open is what only the rows on consent would decide.
  const { rule } = rulingsOf(facts)[0]!
  if (rule === 7 || rule === 11) return rule === 11
  if (rule < 12) return undefined
  const answer = await ask(context, io)
  if (answer === undefined) return undefined
  const failure = writeEnabled(answer, context.tool, context.env)
  if (failure) context.stderr.write(failure)
  return failure ? undefined : answer
}

/** `prompt`: asks also whoever has answered before, and says what is then in force. */
export async function promptAgain(context: Context): Promise<number> {
  const { tool, env, stdout, stderr } = context
  const answer = await ask(context)
  if (answer === undefined) {
    stderr.write(
      'No answer: nothing was changed. The question needs a terminal; `enable` and `disable` do not.\n',
    )
    return 1
  }
  const failure = writeEnabled(answer, tool, env)
  if (failure) stderr.write(failure)
  else stdout.write(`${inForce(answer, tool, env)}\n`)
  return failure ? 1 : 0
}

async function ask(context: Context, { default: enter = 'no', timeoutMs = TIMEOUT_MS }: ConsentIo = {}) {
  const { tool, env, stderr } = context
  const { name } = tool.options
  const { endpoint = 'nowhere yet: there is no endpoint' } = inspect(tool, env).endpoint
  const width = textWidth(stderr.columns)
  const text = [
    wrap(`May ${name} count how often you run each of its commands?`, width),
    rowsText([...contents(tool.options, endpoint), ['Later', `${name} telemetry enable, or disable`]], width),
    'Count?',
  ].join('\n')
  return yesOrNo(text, context, timeoutMs, enter === 'yes')
}

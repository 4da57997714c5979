import { contents } from '../core/decide/notice.ts'
import { rowsText, textWidth, wrap } from '../core/rows.ts'
import { type Context, called, contextOf, type TelemetryIo } from './context.ts'
import { forget } from './forget.ts'
import { inspect, quietFacts } from './inspect.ts'
import { rulingsOf } from './otherwise.ts'
import { yesOrNo } from './question.ts'
import { disable, effectOf, writeEnabled } from './switch.ts'

/** The same surroundings, and how to ask. */
export interface ConsentIo extends TelemetryIo {
  /** The answer when the user only presses Enter. Default `no`. */
  default?: 'yes' | 'no'
  /** How long to wait for an answer, in ms. Default 30 000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000

/**
 * Asks the user for consent, once: what is collected, what never is, where it goes. The answer is written into their
 * config as `enable` and `disable` write it, and is in effect from the next `trackCommand` on.
 *
 * Resolves with the answer, given now or before; undefined where there is none: nobody is at a terminal, `CI` or
 * `DO_NOT_TRACK` or anything else has decided, Ctrl-D, no answer within the time, or it could not be written (then the
 * reason is on stderr). Nothing is ever stored as a yes that was not one. Never rejects.
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
 *   consent: 'explicit',
 * })
 * await askConsent()
 * trackCommand('build')
 * ```
 */
export async function askConsent(io: ConsentIo = {}): Promise<boolean | undefined> {
  const context = contextOf(io)
  // A mistake of the program's. Whoever uses it came for something else, and cannot mend it.
  if (typeof context === 'string') return undefined
  const { tool, env, stderr } = context
  // Open is what only the rows on consent would decide.
  const { rule } = rulingsOf(quietFacts(tool, env))[0]!
  if (rule === 7 || rule === 11) return rule === 11
  if (rule < 12) return undefined
  const answer = await ask(context, io)
  if (answer === undefined) return undefined
  const failure = writeEnabled(answer, tool, env)
  if (failure) {
    stderr.write(failure)
    return undefined
  }
  const { lines } = answer ? { lines: [] } : forget(tool, env)
  const { name } = tool.options
  const confirmed = answer
    ? `Thank you. ${name} telemetry is on${tool.options.command === false ? '' : `; "${called(tool, 'disable')}" switches it off`}.`
    : `${name} telemetry stays off.`
  stderr.write([confirmed, ...lines].map(line => `${line}\n`).join(''))
  return answer
}

/** `prompt`: asks also whoever has answered before, and says what is then in effect. */
export async function promptAgain(context: Context): Promise<number> {
  const { tool, env, stdin, stdout, stderr } = context
  const answer = await ask(context)
  if (answer === undefined) {
    const why = stdin.isTTY && stderr.isTTY ? 'there was no answer' : 'no terminal to ask in'
    const commands = `"${called(tool, 'enable')}" or "${called(tool, 'disable')}"`
    stderr.write(`Nothing changed: ${why}. Use ${commands}.\n`)
    return 1
  }
  if (!answer) return disable(context)
  const failure = writeEnabled(true, tool, env)
  if (failure) stderr.write(failure)
  else stdout.write(`${effectOf(true, tool, env)}\n`)
  return failure ? 1 : 0
}

async function ask(context: Context, { default: enter = 'no', timeoutMs = TIMEOUT_MS }: ConsentIo = {}) {
  const { tool, env, stderr } = context
  const { options } = tool
  const { endpoint = 'nowhere yet: there is no endpoint' } = inspect(tool, env).endpoint
  const width = textWidth(stderr.columns)
  const later =
    options.command === false
      ? `DO_NOT_TRACK=1, or [telemetry] enabled = false in ${quietFacts(tool, env).folders()?.config}`
      : `${called(tool, 'enable')}, or disable`
  const text = [
    wrap(`May ${options.name} count how often you run each of its commands?`, width),
    rowsText([...contents(options, endpoint), ['Later', later]], width),
    'Count?',
  ].join('\n')
  return yesOrNo(text, context, timeoutMs, enter === 'yes')
}

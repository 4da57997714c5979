import { type Decision, decide } from '../core/decide/decide.ts'
import { environmentPrefix, modeFrom } from '../core/decide/environment.ts'
import { explain } from '../helper/explain.ts'
import { printable } from '../terminal/printable.ts'
import { lineOf } from './config-line.ts'
import type { Context } from './context.ts'

/** A decision with its reason in words. */
export interface Ruling extends Decision {
  reason: string
}

/** The rows that can be passed over, and the row whose cause has to go. `log` is another value of row 4's variable. */
const PASSABLE: Readonly<Record<number, number>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 16].map(row => [row, row])),
  11: 4,
}

/** What is decided, as a command would find it. Shows nothing and writes nothing. */
export function decisionOf(
  { tool, env }: Pick<Context, 'tool' | 'env'>,
  without?: ReadonlySet<number>,
): Decision {
  const { options, disabled } = tool
  return decide({ options, env, disabled, ...(without && { without }) })
}

/** The decision that is in effect, then the one that would be if its cause were not there, and so on. */
export function rulingsOf(context: Pick<Context, 'tool' | 'env'>): [Ruling, ...Ruling[]] {
  const rulings: Ruling[] = []
  for (const without = new Set<number>(); ; ) {
    const decision = decisionOf(context, without)
    rulings.push({ ...decision, reason: reasonOf(decision, context) })
    const row = PASSABLE[decision.row]
    // A problem with the options or the runtime is no cause that a user could take away.
    if (row === undefined || without.has(row)) return rulings as [Ruling, ...Ruling[]]
    without.add(row)
  }
}

/** The reason, with the value of a variable that is not understood, and the line of a config file. */
function reasonOf(decision: Decision, { tool, env }: Pick<Context, 'tool' | 'env'>): string {
  const reason = explain(decision, tool.disabled)
  const { variable, file, config } = decision.cause ?? {}
  const own = `${environmentPrefix(tool.options.name)}_TELEMETRY`
  if (decision.row === 4 && variable !== own) return `${reason}; did you mean ${own}=off?`
  if (variable === own && !isWord(env[own]))
    return `${own} is "${printable(`${env[own]}`, 40)}", which is not understood and means off: expected on, off, local or log`
  const line = file && config?.why !== 'syntax' ? lineOf(file, decision.row) : undefined
  return line ? `${reason} (line ${line})` : reason
}

/** Each of the words that the variable knows. */
function isWord(value = ''): boolean {
  return modeFrom(value) !== 'off' || /^(off|0|false|no)$/i.test(value.trim())
}

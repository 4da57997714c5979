import { type Decision, decide } from '../core/decide/decide.ts'
import type { Tool } from '../core/tool.ts'
import { explain } from '../helper/explain.ts'
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
    rulings.push({ ...decision, reason: reasonOf(decision, context.tool) })
    const row = PASSABLE[decision.row]
    // A problem with the options or the runtime is no cause that a user could take away.
    if (row === undefined || without.has(row)) return rulings as [Ruling, ...Ruling[]]
    without.add(row)
  }
}

/** The reason, with the line of a config file. */
function reasonOf(decision: Decision, { disabled }: Tool): string {
  const reason = explain(decision, disabled)
  const { file, config } = decision.cause ?? {}
  const line = file && config?.why !== 'syntax' ? lineOf(file, decision.row) : undefined
  return line ? `${reason} (line ${line})` : reason
}

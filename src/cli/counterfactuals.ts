import { type Decision, decide } from '../core/decide/decide.ts'
import type { Tool } from '../core/tool.ts'
import { decisionSentence } from '../explain/decision.ts'
import { lineOf } from './config-line.ts'
import type { Context } from './context.ts'

/** A decision with its reason in words. */
export interface Ruling extends Decision {
  reason: string
}

/** Rows that a decision can leave out, and the row to leave out for it. `log` is a value of the variable of row 4. */
const REMOVABLE: Readonly<Record<number, number>> = {
  ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 16].map(row => [row, row])),
  11: 4,
}

/** Decides as a command would, but shows and writes nothing. `without`: rows to leave out. */
export function decisionOf(
  { tool, env }: Pick<Context, 'tool' | 'env'>,
  without?: ReadonlySet<number>,
): Decision {
  const { options, disabled } = tool
  return decide({ options, env, disabled, ...(without && { without }) })
}

/** The decision in effect, then the one that would follow without its cause, and so on. */
export function rulingsOf(context: Pick<Context, 'tool' | 'env'>): [Ruling, ...Ruling[]] {
  const rulings: Ruling[] = []
  for (const without = new Set<number>(); ; ) {
    const decision = decisionOf(context, without)
    rulings.push({ ...decision, reason: reasonOf(decision, context.tool) })
    const row = REMOVABLE[decision.row]
    // A user cannot remove a problem with the options or the runtime.
    if (row === undefined || without.has(row)) return rulings as [Ruling, ...Ruling[]]
    without.add(row)
  }
}

/** The reason, with the line if it is in a config file. */
function reasonOf(decision: Decision, { disabled }: Tool): string {
  const reason = decisionSentence(decision, disabled)
  const { file, config } = decision.cause ?? {}
  const line = file && config?.why !== 'syntax' ? lineOf(file, decision.row) : undefined
  return line ? `${reason} (line ${line})` : reason
}

import type { Config } from '../core/decide/config.ts'
import { type Decision, decide, type Facts, HELPER_VARIABLE, settingsOf } from '../core/decide/decide.ts'
import { reasonFor } from '../core/decide/reason.ts'

/** A decision with its reason in words. */
export interface Ruling extends Decision {
  reason: string
}

/**
 * The ruling that is in effect, then the one that would be if its cause were not there, and so on. In the order of the
 * table, where a run looks at the cheap rows first: all of those say off, so it makes no difference to a run.
 */
export function rulingsOf(facts: Facts): Ruling[] {
  const rulings: Ruling[] = []
  let sorted = 0
  for (let now: Facts | undefined = facts; now; ) {
    const decision = decide(now)
    // The same row again: its cause is one that cannot be taken away.
    if (rulings.some(({ rule, mode }) => rule === decision.rule && mode === decision.mode)) break
    const ruling = { ...decision, reason: reasonFor(decision, now) }
    rulings.push(ruling)
    if (!isOptOut(ruling)) sorted = rulings.length
    else rulings.splice(sorted, rulings.length, ...rulings.slice(sorted).sort((a, b) => a.rule - b.rule))
    now = without(decision.rule, now)
  }
  return rulings
}

/** Rows 0 to 8, as far as they say off. */
const isOptOut = ({ rule, mode }: Decision) => mode === 'off' && rule <= 8

/** The facts without the cause of a ruling; undefined where nothing more would decide. */
function without(rule: number, facts: Facts): Facts | undefined {
  const { env, prefix } = facts
  const unset = (name: string): Facts => ({ ...facts, env: { ...env, [name]: undefined } })
  const unconfigured = (...keys: (keyof Config)[]): Facts => {
    const config = { ...settingsOf(facts) }
    for (const key of keys) delete config[key]
    return { ...facts, config: () => config }
  }
  switch (rule) {
    case 0:
      return facts.denied ? undefined : { ...facts, problems: () => [] }
    case 1:
      return unset(HELPER_VARIABLE)
    case 2:
      return { ...facts, disabled: false }
    case 3:
      return unset('DO_NOT_TRACK')
    case 4:
      return unset(`${prefix}_TELEMETRY`)
    case 5:
      return {
        ...facts,
        stateProblem: () => undefined,
        config: facts.folders() ? facts.config : () => ({}),
        noticeSeen: notice => unlessItThrows(() => facts.noticeSeen(notice)),
      }
    case 6:
      return unconfigured()
    case 7:
    case 11:
      return unconfigured('enabled')
    case 8:
      return unset('CI')
    case 9:
      return unconfigured('air_gapped')
    case 10:
      // Any endpoint that is one: the rows that follow do not look at which.
      return { ...facts, env: { ...env, [`${prefix}_TELEMETRY_ENDPOINT`]: 'http://localhost' } }
    default:
      return undefined
  }
}

function unlessItThrows(ask: () => boolean): boolean {
  try {
    return ask()
  } catch {
    return false // row 5 has said why
  }
}

import { check } from './check.ts'
import { type Act, initial, keyOf, type Model, next } from './model.ts'
import { Counterexample } from './scenario.ts'

export interface Explored {
  states: number
  ends: number
  exact: number
  /** All states were tried. */
  whole: boolean
  /** The steps to a wrong state, and what is wrong with it. */
  counterexample?: string
}

/** Tries every order of all that may happen, depth first, each state once. */
export function explore(model: Model, limit: number = Number.POSITIVE_INFINITY): Explored {
  const seen = new Set<number>()
  const start = initial(model)
  const stack: { name: string; acts: Generator<Act> }[] = [{ name: 'start', acts: next(model, start) }]
  const result = (whole: boolean, counterexample?: string): Explored => ({
    ...{ states: seen.size, ...model.checked, whole },
    ...(counterexample && { counterexample }),
  })
  while (stack.length) {
    const { value: act, done } = stack.at(-1)!.acts.next()
    if (done) {
      stack.pop()
      continue
    }
    try {
      const state = act.take()
      const key = keyOf(state)
      if (seen.has(key)) continue
      seen.add(key)
      if (seen.size > limit) return result(false)
      check(model, state)
      stack.push({ name: act.name, acts: next(model, state) })
    } catch (error) {
      if (!(error instanceof Counterexample)) throw error
      const names = [...stack.map(({ name }) => name), act.name]
      return result(false, `${names.join('\n  ')}\n${error.message}`)
    }
  }
  return result(true)
}

/** Tries one random order. Some processes are slow. */
export function walk(model: Model, random: () => number): { steps: number; counterexample?: string } {
  let state = initial(model)
  const names: string[] = []
  const pace = new Map<string, number>()
  for (;;) {
    const acts = [...next(model, state)]
    if (!acts.length) return { steps: names.length }
    const weights = acts.map(({ name, weight }) => {
      const who = /^(P\d)\b/.exec(name)?.[1]
      if (!who) return weight
      if (!pace.has(who)) pace.set(who, random() ** 3)
      return weight * pace.get(who)!
    })
    let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
    const chosen = acts.find((_, index) => (left -= weights[index]!) <= 0) ?? acts.at(-1)!
    names.push(chosen.name)
    try {
      state = chosen.take()
      check(model, state)
    } catch (error) {
      if (!(error instanceof Counterexample)) throw error
      return { steps: names.length, counterexample: `${names.join('\n  ')}\n${error.message}` }
    }
  }
}

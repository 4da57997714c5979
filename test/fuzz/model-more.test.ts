import { expect, test } from 'vitest'
import { FACTOR } from './fuzz.ts'
import { explore } from './model/explore.ts'
import { load } from './model/library.ts'
import { modelOf } from './model/model.ts'
import { mutants } from './model/mutants.ts'
import { host } from './model/process.ts'
import { more } from './model/scenarios.ts'

/** The number of states that are tried, depth first. `FUZZ_FACTOR=10` tries all. */
const limit = 20_000 * Math.max(1, FACTOR) ** 2

test.each(Object.entries(more))(
  '%s: never too much arrives, and all of it in the end',
  async (name, scenario) => {
    const found = explore(modelOf(await load(host, scenario.changes), scenario), limit)
    const { states, ends, exact, whole } = found
    console.log(`${name}: ${states} states${whole ? '' : ' and more'}, ${ends} ends, ${exact} of them exact`)
    expect(found.counterexample).toBe(undefined)
    expect(whole || states > limit).toBe(true)
  },
)

test.each(Object.entries(mutants))(
  'the model finds the fault in a mutant: %s',
  async (_, { changes, scenario }) => {
    const library = await load(host, { ...scenario.changes, ...changes })
    expect(explore(modelOf(library, scenario), 100_000).counterexample).toBeDefined()
  },
)

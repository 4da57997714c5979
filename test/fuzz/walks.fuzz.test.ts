import { expect, test } from 'vitest'
import { FACTOR, keepFailure, SEED } from './fuzz.ts'
import { walk } from './model/explore.ts'
import { load } from './model/library.ts'
import { modelOf } from './model/model.ts'
import { host } from './model/process.ts'
import { crowds } from './model/scenarios.ts'
import { randomOf } from './random.ts'

test.each(crowds.map((scenario, index) => ({ index, scenario })))(
  'more processes than can be tried in every order, in random orders: crowd $index',
  async ({ index, scenario }) => {
    const library = await load(host, scenario.changes)
    const until = Date.now() + 5000 * FACTOR
    let walks = 0
    let steps = 0
    let model = modelOf(library, scenario)
    while (Date.now() < until) {
      // Each walk has its own seed, which does not depend on how fast the machine is.
      const { steps: taken, counterexample } = walk(model, randomOf(SEED + walks))
      if (counterexample) keepFailure(`crowd ${index}, walk ${walks}`, counterexample)
      walks++
      steps += taken
      // A model remembers what it has found out. A new one keeps the memory bounded.
      if (walks % 1000 === 0) model = modelOf(library, scenario)
    }
    console.log(`crowd ${index}: ${walks} walks, ${steps} steps, FUZZ_SEED=${SEED}`)
    expect(walks).toBeGreaterThan(0)
  },
)

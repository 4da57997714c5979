import { expect, test } from 'vitest'
import { keepFailure } from './fuzz.ts'
import { walk } from './model/explore.ts'
import { load } from './model/library.ts'
import { modelOf } from './model/model.ts'
import { host } from './model/process.ts'
import { crowds } from './model/scenarios.ts'
import { randomOf } from './random.ts'

const seed = Number(process.env.FUZZ_SEED)
const factor = Number(process.env.FUZZ_FACTOR ?? 1)

test.each(crowds.map((scenario, index) => ({ index, scenario })))(
  'crowd $index, by chance',
  async ({ index, scenario }) => {
    const library = await load(host, scenario.changes)
    const until = Date.now() + 5000 * factor
    let walks = 0
    let steps = 0
    let model = modelOf(library, scenario)
    while (Date.now() < until) {
      // Each walk has a seed of its own, which does not depend on how fast the machine is.
      const { steps: taken, counterexample } = walk(model, randomOf(seed + walks))
      if (counterexample) keepFailure(`crowd ${index}, walk ${walks}`, counterexample)
      walks++
      steps += taken
      // What it has found out is kept, but not for ever.
      if (walks % 1000 === 0) model = modelOf(library, scenario)
    }
    console.log(`crowd ${index}: ${walks} walks, ${steps} steps, FUZZ_SEED=${seed}`)
    expect(walks).toBeGreaterThan(0)
  },
)

import { expect, test } from 'vitest'
import { explore } from './model/explore.ts'
import { load } from './model/library.ts'
import { modelOf } from './model/model.ts'
import { host } from './model/process.ts'
import { first } from './model/scenarios.ts'

/**
 * Every order of the steps of some commands and helpers, and every fate of their requests. The code is that of the library,
 * from the mark to the last record in a log. The disk, the network and the consumers are models.
 */
test.each(Object.entries(first))(
  '%s: never too much arrives, and all of it in the end',
  async (name, scenario) => {
    const found = explore(modelOf(await load(host), scenario))
    console.log(`${name}: ${found.states} states, ${found.ends} ends, ${found.exact} of them exact`)
    expect(found.counterexample).toBe(undefined)
    expect(found.exact).toBeGreaterThan(0)
    expect(found.whole).toBe(true)
  },
)

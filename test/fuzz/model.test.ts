import { expect, test } from 'vitest'
import { explore } from './model/explore.ts'
import { load } from './model/library.ts'
import { modelOf } from './model/model.ts'
import { host } from './model/process.ts'
import { first } from './model/scenarios.ts'

/**
 * Every order of some commands, their helpers, and what becomes of their requests. The code is the library's own, from
 * the mark to the last line in a log; the disk, the network and the consumers are models. What must hold: never more than
 * was run, whatever arrives when; and all of it after one healthy command, wherever docs/exactness.md promises that.
 */
test.each(Object.entries(first))('%s', async (name, scenario) => {
  const found = explore(modelOf(await load(host), scenario))
  console.log(`${name}: ${found.states} states, ${found.ends} ends, ${found.exact} of them exact`)
  expect(found.counterexample).toBe(undefined)
  expect(found.exact).toBeGreaterThan(0)
  expect(found.whole).toBe(true)
})

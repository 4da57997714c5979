import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeWorld, runProcess } from '../world.ts'

// This tests only that the benchmark runs. No time is asserted.

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'bench/README.md'), 'utf8')

test('the benchmark runs with every option of bench/README.md, and measures what each asks for', async () => {
  const options: Record<string, string[]> = {
    '--quick': [],
    '--rounds': ['1'],
    '--loop': ['10'],
    '--states': ['up'],
    '--groups': ['up'],
    '--rows': ['intervalMs'],
    '--node': [process.execPath],
    '--against': [root],
    '--seed': ['7'],
  }
  const named = [...page.matchAll(/(?<=[` ])--[a-z]+(?=[` ])/g)].map(([name]) => name)
  expect([...new Set(named)].filter(name => name !== '--prefix').sort()).toEqual(Object.keys(options).sort())
  const { env } = makeWorld()
  const args = [...Object.entries(options).flat(2), '--node', process.execPath]
  const { status, stdout, stderr } = await runProcess(
    process.execPath,
    [join(root, 'bench/index.js'), ...args],
    { cwd: root, env },
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/ 1 rounds, seed 7, quick\n/)
  expect(stdout).toMatch(/^\| otlp-tally of --against, on, not sending \(intervalMs\) +\|/m)
  expect(stdout).toMatch(/^## CPU ms added to an empty script, by runtime$/m)
  expect(stdout).not.toContain('Not what its name says')
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isLinux } from './machine.ts'
import { counts, startReceiver } from './receiver.ts'
import { linked, makeWorld, runProcess } from './world.ts'

// A runtime that has less than usual: no WebAssembly (`fetch` needs it), little memory, or changed prototypes.

/** Runs a tool, and expects that its count arrives and that it prints nothing. */
async function counted(delivery: string, { flags = [] as string[], limit = '', before = '' }): Promise<void> {
  const receiver = await startReceiver()
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  const file = join(world.cwd, 'tool.mjs')
  writeFileSync(
    file,
    linked(`import { initTelemetry } from 'otlp-tally'
    ${before}
    initTelemetry({
      name: 'trix', version: '1.0.0', endpoint: '${receiver.endpoint}', delivery: '${delivery}', commands: ['build'],
      events: { deploy: { target: ['a', 'b'] } }, headers: { 'x-a': 'b' }, failures: true, timeoutMs: 10000,
    }).trackCommand('build')
    process.exitCode = 3`),
  )
  const line = `${limit}\nexec "$@"`
  const args = ['-c', line, 'sh', process.execPath, '--disable-warning=ExperimentalWarning', ...flags, file]
  const { status, signal, stdout, stderr } = await runProcess('bash', args, world)
  expect({ status, signal, stdout, stderr: stderr.replace(/^Warning: disabling flag.*\n/gm, '') }).toEqual({
    ...{ status: 3, signal: null, stdout: '', stderr: '' },
  })
  await expect.poll(() => counts(receiver.requests)).toEqual({ build: 1 })
}

describe.each(['auto', 'inline'])("delivery: '%s'", delivery => {
  test.each([
    '--jitless',
    '--frozen-intrinsics',
    '--disable-proto=throw',
    '--disable-proto=delete',
    '--disallow-code-generation-from-strings',
    '--max-old-space-size=30',
  ])('a run under node %s is counted', flag => counted(delivery, { flags: [flag] }))

  test.runIf(isLinux).each(['4194304', '1500000'])('a run under ulimit -v %s is counted', kilobytes =>
    counted(delivery, { limit: `ulimit -v ${kilobytes}` }),
  )

  test.each([
    'Object.prototype.extend = function () {}',
    'Object.prototype.extend = "text"; Array.prototype.last = function () { return this.at(-1) }',
    'String.prototype.format = 1; Function.prototype.defer = 2; Array.prototype.remove = 3',
    'Object.freeze(Object.prototype); Object.freeze(Array.prototype)',
    'Object.freeze(globalThis)',
    'delete globalThis.fetch; delete globalThis.WebAssembly',
  ])('a run after %s is counted', before => counted(delivery, { before }))
})

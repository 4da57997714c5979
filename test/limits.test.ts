import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

// A runtime with less than usual: without WebAssembly (`fetch` needs it), without memory, with prototypes that somebody
// has changed.

const LIBRARY = join(import.meta.dirname, '../dist/index.js')

/** Runs a tool, and expects that nobody sees anything of it but its count. */
async function counted(delivery: string, { flags = [] as string[], limit = '', before = '' }): Promise<void> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  const file = join(world.cwd, 'tool.mjs')
  writeFileSync(
    file,
    `import { initTelemetry } from ${JSON.stringify(LIBRARY)}
    ${before}
    initTelemetry({
      name: 'trix', version: '1.0.0', endpoint: '${receiver.endpoint}', delivery: '${delivery}', commands: ['build'],
      events: { deploy: { target: ['a', 'b'] } }, headers: { 'x-a': 'b' }, failures: true, timeoutMs: 10000,
    }).trackCommand('build')
    process.exitCode = 3`,
  )
  const line = `${limit}\nexec "$@"`
  const args = ['-c', line, 'sh', process.execPath, '--disable-warning=ExperimentalWarning', ...flags, file]
  const { status, signal, stdout, stderr } = await runProcess('bash', args, world)
  expect({ status, signal, stdout, stderr: stderr.replace(/^Warning: disabling flag.*\n/gm, '') }).toEqual({
    ...{ status: 3, signal: null, stdout: '', stderr: '' },
  })
  await expect.poll(() => counts(receiver.requests), { timeout: 15_000 }).toEqual({ build: 1 })
  await helpersEnded(world)
}

describe.each(['auto', 'inline'])("delivery: '%s'", delivery => {
  test.each([
    '--jitless',
    '--frozen-intrinsics',
    '--disable-proto=throw',
    '--disable-proto=delete',
    '--disallow-code-generation-from-strings',
    '--max-old-space-size=30',
  ])('node %s', flag => counted(delivery, { flags: [flag] }))

  test.runIf(process.platform === 'linux').each(['4194304', '1500000'])('ulimit -v %s', kilobytes =>
    counted(delivery, { limit: `ulimit -v ${kilobytes}` }),
  )

  test.each([
    'Object.prototype.extend = function () {}',
    'Object.prototype.extend = "text"; Array.prototype.last = function () { return this.at(-1) }',
    'String.prototype.format = 1; Function.prototype.defer = 2; Array.prototype.remove = 3',
    'Object.freeze(Object.prototype); Object.freeze(Array.prototype)',
    'Object.freeze(globalThis)',
    'delete globalThis.fetch; delete globalThis.WebAssembly',
  ])('%s', before => counted(delivery, { before }))
})

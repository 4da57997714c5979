import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpers, startHanging, until } from '../helper.ts'
import { counts } from '../receiver.ts'
import { exercise, makeTrial } from './exercise.ts'
import { makeProject, toolSource } from './project.ts'
import { runtimes } from './tools.ts'

const { node20, node22, node24, node26, bun, deno } = runtimes
/** A lock on fd 200, and a pipe on fd 201 whose reader makes the file `eof` when the pipe is closed. */
const LOCKED = '( flock -n 200; exec 201> >(cat >/dev/null; touch eof); "$@" ) 200>lock'

const project = makeProject()
const tool = project.write('tool.js', toolSource('module'))
const host = makeProject('commonjs')
// In node_modules, as an installed tool is: elsewhere Node 22.12 warns about `require()` of an ECMAScript module.
const required = host.write('node_modules/trix/tool.js', toolSource('commonjs'))

describe.each([
  ['Node 20.19.0', node20],
  ['Node 22.12.0', node22],
  ['Node 24', node24],
  ['Node 26', node26],
])('%s', (_, node) => {
  test('an ECMAScript module', () => exercise([node, tool], { route: 'detached' }))
  test('a CommonJS host, by require()', () => exercise([node, required], { route: 'detached' }))
})

describe('Bun', () => {
  test('an ECMAScript module', () => exercise([bun, tool], { route: 'detached' }))
  test('a CommonJS host, by require()', () => exercise([bun, required], { route: 'detached' }))
})

describe('Deno', () => {
  const expected = { route: 'detached', afterError: false } as const
  test('with all permissions', () => exercise([deno, 'run', '--allow-all', tool], expected))
  test('a CommonJS host, by require()', () => exercise([deno, 'run', '--allow-all', required], expected))

  const small = project.write(
    'small.js',
    `import { initTelemetry } from 'otlp-tally'
    const { trackCommand } = initTelemetry({
      name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318', commands: ['build'] })
    trackCommand('build')
    console.log('done')`,
  )
  const all = ['env', 'read', 'write', 'sys', 'net', 'run']
  const flags = (names: readonly string[]) => names.map(name => `--allow-${name}`)

  test('with what it needs, and no permission to run programs: inline', async () => {
    const permissions = flags(all.filter(name => name !== 'run'))
    const { run, receiver, delivered } = await makeTrial([deno, 'run', ...permissions, small])
    expect(await run([])).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' })
    await delivered(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  // On a terminal Deno would ask for a missing permission and wait for the answer. Without a terminal it denies it.
  test.each(['everything', ...all.filter(name => name !== 'run')])(
    'without %s: off, without a question',
    async lacking => {
      const names = lacking === 'everything' ? [] : all.filter(name => name !== lacking)
      const line = [deno, 'run', ...flags(names), small].join(' ')
      for (const mode of ['on', 'log']) {
        const { run, world, delivered } = await makeTrial(['script', '-qec', line, '/dev/null'])
        const { status, stdout } = await run([], { TRIX_TELEMETRY: mode })
        const said = mode === 'log' && names.includes('env')
        expect({ status, lines: stdout.split('\r\n') }).toEqual({
          status: 0,
          lines: [
            ...(said
              ? [
                  `trix telemetry: not counted (not valid: Deno was started without --allow-${lacking}; "trix telemetry status" explains it)`,
                ]
              : []),
            'done',
            '',
          ],
        })
        await delivered(0)
        expect(world.files().filter(path => !path.startsWith('.cache/deno/'))).toEqual([])
      }
    },
  )
})

describe.each([
  ['Node 20', [node20]],
  ['Node 22', [node22]],
  ['Node 24', [node24]],
  ['Node 26', [node26]],
  ['Bun', [bun]],
  ['Deno', [deno, 'run', '--allow-all']],
] as const)('%s: while the helper waits for a Collector that hangs', (_, command) => {
  test('the locks and pipes of the shell are free', async () => {
    const { endpoint, connected } = await startHanging()
    const { run, world } = await makeTrial(['bash', '-c', LOCKED, 'bash', ...command, tool])
    world.writeConfig('[telemetry]\ntimeout_ms = 60000\n')
    const result = await run(['build'], { TRIX_TELEMETRY_ENDPOINT: endpoint })
    expect(result).toMatchObject({ status: 0, stdout: '{"good.json":{"a":1}}\n' })
    await connected
    const waiting = helpers(world.home)
    expect(waiting).toHaveLength(1)
    await until(() => existsSync(join(world.cwd, 'eof')))
    expect(spawnSync('flock', ['-n', 'lock', 'true'], { cwd: world.cwd }).status).toBe(0)
    expect(helpers(world.home)).toEqual(waiting)
    process.kill(Number(waiting[0]), 'SIGKILL')
    await until(() => helpers(world.home).length === 0)
  })
})

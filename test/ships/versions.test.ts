import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { counts } from '../receiver.ts'
import { makeTrial, type Trial } from './exercise.ts'
import { lacking, later } from './matrix.ts'
import { makeFolder, makeProject } from './project.ts'
import { runtimes, TOOLS } from './tools.ts'

const program = (version: string) => join(TOOLS, `node-${version}/bin/node`)

const project = makeProject()
const elsewhere = makeFolder()
const source = `
  import { flushTelemetry, initTelemetry } from 'otlp-tally'
  const { trackCommand, trackEvent } = initTelemetry({
    name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', commands: ['build'], events: { cup_brewed: {} },
    failures: true, agents: true })
  if (process.argv[2] === 'telemetry')
    import('otlp-tally/cli').then(async ({ runTelemetryCommand }) => {
      process.exitCode = await runTelemetryCommand(process.argv.slice(3))
    })
  else {
    trackCommand('build')
    trackEvent('cup_brewed')
    flushTelemetry().then(() => console.log('done'))
  }
`
project.write('tool.js', source)
const bundle = join(elsewhere, 'tool.mjs')
const required = project.write(
  'tool.cjs',
  `
  const { flushTelemetry, initTelemetry } = require('otlp-tally')
  const { trackCommand } = initTelemetry({
    name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:65009', commands: ['build'] })
  if (process.argv[2] === 'telemetry') {
    const { runTelemetryCommand } = require('otlp-tally/cli')
    runTelemetryCommand(process.argv.slice(3)).then(code => (process.exitCode = code))
  } else {
    trackCommand('build')
    flushTelemetry().then(() => console.log('done'))
  }
`,
)

/** The tool as it is used with the package, and as a bundle. */
async function forms(): Promise<[name: string, path: string][]> {
  if (!existsSync(bundle)) {
    mkdirSync(elsewhere, { recursive: true })
    const bundler = join(import.meta.dirname, 'bundle.ts')
    const input = join(project.folder, 'tool.js')
    await project.make(runtimes.node24, bundler, TOOLS, 'esbuild', 'esm minified', input, elsewhere)
  }
  return [
    ['as a package', join(project.folder, 'tool.js')],
    ['bundled', bundle],
  ]
}

// npm only warns about `engines`, and a bundle does not even do that.
describe.each(lacking)('Node %s, which lacks process.getBuiltinModule', version => {
  test('is off and does not crash, and status says why', async () => {
    for (const [form, path] of [...(await forms()), ['required', required]]) {
      const { run, world, receiver } = await makeTrial([program(version), path!])
      for (const mode of ['on', 'log', 'local', 'off', '']) {
        const result = await run([], { TRIX_TELEMETRY: mode })
        expect({ form, mode, ...result }).toEqual({
          form,
          mode,
          status: 0,
          signal: null,
          stdout: 'done\n',
          stderr: '',
        })
      }
      expect(world.files()).toEqual([])
      expect(receiver.requests).toEqual([])
      const status = await run(['telemetry', 'status'])
      expect({ form, ...status }).toMatchObject({ form, status: 0, stderr: '' })
      expect(status.stdout).toContain('process.getBuiltinModule')
      expect(status.stdout).toMatch(/off/)
      expect(world.files()).toEqual([])
    }
  })
})

describe.each(later)('Node %s', version => {
  test('counts and delivers', async () => {
    for (const [, path] of await forms()) {
      const { run, receiver, delivered } = await makeTrial([program(version), path])
      expect(await run([])).toEqual({ status: 0, signal: null, stdout: 'done\n', stderr: '' })
      await delivered(1)
      expect(counts(receiver.requests)).toEqual({ build: 1 })
    }
  })
})

describe.each([
  ['22.12.0', '--experimental-permission', runtimes.node22],
  ['22.23.3', '--permission', program('22.23.3')],
  ['24', '--permission', runtimes.node24],
  ['26', '--permission', runtimes.node26],
])("Node's permission model: %s with %s", (version, permission, node) => {
  const hasNet = version === '26'
  const read = ['--allow-fs-read=*']
  const write = ['--allow-fs-write=*']
  const net = hasNet ? ['--allow-net'] : []
  const child = ['--allow-child-process']
  const tool = join(project.folder, 'tool.js')

  async function under(...flags: string[]): Promise<Trial & { reason: string }> {
    const trial = await makeTrial([node, permission, ...flags, tool])
    // Node's own warnings appear without telemetry too.
    const plain = ({ stderr, ...rest }: { stderr: string }) => ({
      ...rest,
      stderr: stderr.replace(/node:\d+/g, 'node'),
    })
    const off = plain(await trial.run([], { TRIX_TELEMETRY: 'off' }))
    expect(off).toMatchObject({ status: 0, stdout: 'done\n' })
    expect(plain(await trial.run([]))).toEqual(off)
    const { stdout } = await trial.run(['telemetry', 'status'])
    return { ...trial, reason: stdout.replace(/\s+/g, ' ') }
  }

  test('with all permissions that are needed: a helper', async () => {
    const { receiver, delivered, reason } = await under(...read, ...write, ...net, ...child)
    await delivered(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(reason).toMatch(/delivery +detached: /)
  })

  test('without --allow-child-process: inline', async () => {
    const { receiver, delivered, reason } = await under(...read, ...write, ...net)
    await delivered(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(reason).toContain('inline: Node was started without --allow-child-process')
  })

  test('without --allow-fs-write: off, and status says why', async () => {
    const { receiver, world, reason } = await under(...read, ...net, ...child)
    expect(reason).toContain('Node was started without --allow-fs-write')
    expect(world.files()).toEqual([])
    expect(receiver.requests).toEqual([])
  })

  test.runIf(hasNet)('without --allow-net: off, and status says why', async () => {
    const { receiver, world, reason } = await under(...read, ...write, ...child)
    expect(reason).toContain('Node was started without --allow-net')
    expect(world.files()).toEqual([])
    expect(receiver.requests).toEqual([])
  })
})

test('every pinned version of Node is tested', () => {
  const installed = readdirSync(TOOLS).filter(name => /^node-\d+\.\d+/.test(name))
  expect(installed.map(name => name.slice(5)).sort()).toEqual([...lacking, ...later].sort())
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

const DIST = join(import.meta.dirname, '../dist/index.js')

const COMMANDS = "['bare', 'build', 'check', 'early', 'late', 'later', 'lint', 'test']"

async function consented() {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRAX_TELEMETRY: 'on' })
  return {
    world,
    receiver,
    init: (name: string) =>
      `initTelemetry({ name: '${name}', version: '1.0.0', endpoint: '${receiver.endpoint}', commands: ${COMMANDS}, events: { cup_brewed: {} } })`,
  }
}

/** What the receiver got, by tool. */
const byTool = (requests: { body: string }[]) =>
  Object.fromEntries(
    ['trix', 'trax'].map(name => [
      name,
      counts(requests.filter(({ body }) => body.includes(`"stringValue":"${name}"`)) as never),
    ]),
  )

/** A bundle of the library in the world, as a tool or a plugin would have it. */
async function bundled(world: World, name: string): Promise<string> {
  const contents = `export * from ${JSON.stringify(DIST)}`
  const outfile = join(world.cwd, name)
  const stdin = { contents, resolveDir: world.cwd }
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', minify: true })
  return JSON.stringify(outfile)
}

// Written by hand: whoever changes the key cuts the copies of different releases apart.
const HANDLE = 'otlp-tally@0.3'

test('the key of the handle holds the minor version while the major is 0', () => {
  const [major, minor] = version.split('.')
  expect(HANDLE).toBe(major === '0' ? `otlp-tally@0.${minor}` : `otlp-tally@${major}`)
})

describe('one tool', () => {
  test('in two bundled copies counts into one state', async () => {
    const { world, receiver, init } = await consented()
    const result = await world.script(`
      const a = await import(${await bundled(world, 'a.mjs')})
      const b = await import(${await bundled(world, 'b.mjs')})
      if (a.initTelemetry === b.initTelemetry) throw new Error('one copy')
      for (const { initTelemetry, trackCommand } of [a, b]) {
        ${init('trix')}
        trackCommand('build')
      }
      console.log([...globalThis[Symbol.for('${HANDLE}')].tools.keys()].join())
      console.log(Object.getOwnPropertySymbols(globalThis).map(symbol => symbol.description).filter(name => /tally/.test(name)).join())
    `)
    expect(result).toMatchObject({ stdout: `trix\n${HANDLE}\n`, stderr: '' })
    await receiver.arrived(1)
    expect(receiver.requests).toHaveLength(1)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 2 }, trax: {} })
  })

  test('is not touched by what a copy of another minor version has put there', async () => {
    const { world, receiver, init } = await consented()
    const result = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      for (const key of ['otlp-tally@0', 'otlp-tally@0.2', 'otlp-tally@0.4', 'otlp-tally@1'])
        globalThis[Symbol.for(key)] = Object.freeze({ tools: 'of another shape' })
      ${init('trix')}
      trackCommand('build')
    `)
    expect(result).toMatchObject({ stdout: '', stderr: '', status: 0 })
    await receiver.arrived(1)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: {} })
  })

  test('counts where nothing can be added to the global object', async () => {
    const { world, receiver, init } = await consented()
    const result = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      Object.preventExtensions(globalThis)
      trackCommand('too early')
      ${init('trix')}
      trackCommand('build')
    `)
    expect(result).toMatchObject({ stdout: '', stderr: '', status: 0 })
    await receiver.arrived(1)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: {} })
  })
})

describe('two tools in one process', () => {
  test('with a copy each never count into each other', async () => {
    const { world, receiver, init } = await consented()
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import * as plugin from ${await bundled(world, 'plugin.mjs')}
      ${init('trix')}
      plugin.${init('trax')}
      trackCommand('build')
      plugin.trackCommand('lint')
    `)
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: { lint: 1 } })
  })

  test('with a copy each, the plugin first: the same', async () => {
    const { world, receiver, init } = await consented()
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import * as plugin from ${await bundled(world, 'plugin.mjs')}
      plugin.${init('trax')}
      plugin.trackCommand('lint')
      ${init('trix')}
      trackCommand('build')
      plugin.trackCommand('lint')
    `)
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: { lint: 2 } })
  })

  test('that share a copy: the bare functions belong to the first, what initTelemetry returned to each', async () => {
    const { world, receiver, init } = await consented()
    const script = `
      import { initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
      const trix = ${init('trix')}
      trackCommand('early')
      const trax = ${init('trax')}
      trackCommand('late')
      trackEvent('cup_brewed')
      trix.trackCommand('build')
      trax.trackCommand('lint')
    `
    const result = await world.script(script)
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { early: 1, late: 1, build: 1 }, trax: { lint: 1 } })
    // And nobody reads that several tools are here.
    const log = await world.script(script, { TRIX_TELEMETRY: 'log' })
    expect(log.stderr).toContain('trix telemetry: this would be sent to ')
    expect(log.stderr).not.toContain('none (')
  })

  test('that share a copy, the plugin first: the host counts by what initTelemetry returned to it', async () => {
    const { world, receiver, init } = await consented()
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      const trax = ${init('trax')}
      const trix = ${init('trix')}
      trackCommand('bare')
      trix.trackCommand('build')
      trax.trackCommand('lint')
    `)
    await receiver.arrived(2)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: { bare: 1, lint: 1 } })
  })

  test('a copy for which nobody called initTelemetry belongs to the first tool of the process', async () => {
    const { world, receiver, init } = await consented()
    await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { trackCommand } from ${await bundled(world, 'part.mjs')}
      ${init('trix')}
      ${init('trax')}
      trackCommand('build')
    `)
    await receiver.arrived(1)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 1 }, trax: {} })
  })

  test.each([
    ['', 'trix'],
    [", { name: 'trix' }", 'trix'],
    [", { name: 'trax' }", 'trax'],
  ])('runTelemetryCommand(args%s) manages %s', async (options, name) => {
    const { world, init } = await consented()
    const run = (args: string) =>
      world.script(`
        import { initTelemetry } from 'otlp-tally'
        import { runTelemetryCommand } from 'otlp-tally/cli'
        ${init('trix')}
        ${init('trax')}
        process.exitCode = await runTelemetryCommand([${args}]${options})
      `)
    const { stdout, stderr, status } = await run("'status', '--json'")
    expect({ stderr, status, name: JSON.parse(stdout).name }).toEqual({ stderr: '', status: 0, name })
    const disabled = await run("'disable'")
    expect(disabled).toMatchObject({ status: 0, stderr: '' })
    expect(world.files().filter(file => file.endsWith('consent.json'))).toEqual([
      `.local/state/${name}/consent.json`,
    ])
  })

  test.each(['one copy', 'a copy each'])('show one notice between them: %s', async copies => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld()
    const file = join(world.cwd, 'host.mjs')
    const plugin = copies === 'one copy' ? JSON.stringify(DIST) : await bundled(world, 'plugin.mjs')
    const tool = (name: string) =>
      `({ name: '${name}', version: '1.0.0', endpoint: '${receiver.endpoint}', commands: ${COMMANDS} }).trackCommand('build')`
    writeFileSync(
      file,
      `import * as host from ${JSON.stringify(DIST)}
      import * as plugin from ${plugin}
      host.initTelemetry${tool('trix')}
      plugin.initTelemetry${tool('trax')}`,
    )
    const run = async () => {
      const { stdout } = await runProcess(
        'script',
        ['-qec', `${process.execPath} ${file}`, '/dev/null'],
        world,
      )
      return [...stdout.matchAll(/^(\w+) counts how often/gm)].map(([, name]) => name)
    }
    // The second one is not counted before its own was shown, in the next run.
    expect(await run()).toEqual(['trix'])
    expect(world.files()).toEqual(['.local/state/trix/notice'])
    expect(await run()).toEqual(['trax'])
    await receiver.arrived(1)
    expect(await run()).toEqual([])
    await receiver.arrived(3)
    expect(byTool(receiver.requests)).toEqual({ trix: { build: 2 }, trax: { build: 1 } })
  })
})

test('a call before initTelemetry is a sentence in log mode, and nothing otherwise', async () => {
  const { world, init } = await consented()
  const script = `
    import { initTelemetry, trackCommand } from 'otlp-tally'
    trackCommand('too early')
    ${init('trix')}`
  expect(await world.script(script)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
  expect((await world.script(script, { TRIX_TELEMETRY: 'log' })).stderr).toBe(
    'trix telemetry: none (trackCommand was called before initTelemetry: that was not counted)\n',
  )
})

describe('initTelemetry', () => {
  test('a later call for the same tool can only switch off', async () => {
    const { world, receiver, init } = await consented()
    const result = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      ${init('trix')}
      trackCommand('build')
      initTelemetry({ name: 'trix', version: '2.0.0', disabled: true })
      trackCommand('check')
      initTelemetry({ name: 'trix', version: '2.0.0', disabled: false })
      trackCommand('test')
    `)
    expect(result).toMatchObject({ stdout: '', stderr: '', status: 0 })
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      ${init('trix')}
      trackCommand('later')
    `)
    await receiver.arrived(1)
    expect(byTool(receiver.requests).trix).toEqual({ build: 1, later: 1 })
  })

  test.each([
    'undefined',
    'null',
    '7',
    '{}',
    '{ name: Symbol() }',
    '{ get name() { throw 1 } }',
    'new Proxy({}, { ownKeys() { throw 1 } })',
  ])('with %s, and everything after it, does nothing', async options => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    const result = await world.script(`
        import { flushTelemetry, initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
        trackCommand('before')
        const telemetry = initTelemetry(${options})
        for (const value of [undefined, null, 7, '', Symbol(), {}, ['a'], process.argv, 'build']) {
          trackCommand(value)
          trackEvent(value, value)
          trackEvent('metric', { key: value })
          telemetry.trackCommand(value)
        }
        await flushTelemetry()
        await telemetry.flushTelemetry()
      `)
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(world.files()).toEqual([])
  })

  test('says in log mode which option is wrong, and switches off', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', commands: [], timeoutMs: -1, endpont: 'https://x' })
      trackCommand('build')
      trackCommand('check')
    `)
    expect(stderr).toBe(
      'trix telemetry: none (not valid: timeoutMs, endpont; "trix telemetry status" explains it)\n',
    )
  })
})

describe('require()', () => {
  test('works from a CommonJS tool', async () => {
    const { world, receiver, init } = await consented()
    const modules = join(world.cwd, 'node_modules')
    mkdirSync(modules)
    writeFileSync(
      join(world.cwd, 'tool.cjs'),
      `const { initTelemetry, trackCommand } = require(${JSON.stringify(DIST)})
       ${init('trix')}
       trackCommand('build')`,
    )
    // Node 20.19 loads ES modules by require(), with a warning unless the module is in node_modules.
    const result = await runProcess(process.execPath, ['--no-warnings', 'tool.cjs'], world)
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await receiver.arrived(1)
    expect(byTool(receiver.requests).trix).toEqual({ build: 1 })
  })
})

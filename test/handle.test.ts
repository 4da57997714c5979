import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { bundleLibrary } from './bundle.ts'
import { helpersEnded } from './helper.ts'
import { LIBRARY } from './paths.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, runOnTerminal, runProcess, SILENT, type World } from './world.ts'

const COMMANDS = "['bare', 'build', 'check', 'early', 'late', 'later', 'lint', 'test']"

/** A user of the tools `trix` and `trax` who has agreed to both, and the code with which one of them begins. */
async function consented() {
  const receiver = await startReceiver()
  return {
    receiver,
    world: makeWorld({ TRIX_TELEMETRY: 'on', TRAX_TELEMETRY: 'on' }),
    init: (name: string) =>
      `initTelemetry({ name: '${name}', version: '1.0.0', endpoint: '${receiver.endpoint}', commands: ${COMMANDS}, events: { cup_brewed: {} } })`,
  }
}

/** What has arrived, by tool. */
const byTool = ({ requests }: Receiver) =>
  Object.fromEntries(
    ['trix', 'trax'].map(name => [
      name,
      counts(requests.filter(({ body }) => body.includes(`"stringValue":"${name}"`))),
    ]),
  )

/** A bundled copy of the library in the world; the path in quotes. */
async function bundled({ cwd }: World, name: string): Promise<string> {
  const outfile = join(cwd, name)
  await bundleLibrary(outfile)
  return JSON.stringify(outfile)
}

// Written by hand: with another key, copies of different releases in one process would not find each other.
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
    expect(byTool(receiver)).toEqual({ trix: { build: 2 }, trax: {} })
  })

  test('is not disturbed by what a copy of another minor version has put on the global object', async () => {
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
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: {} })
  })

  test('counts where the global object cannot be extended', async () => {
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
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: {} })
  })
})

describe('two tools in one process', () => {
  test('with a copy each count apart', async () => {
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
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: { lint: 1 } })
  })

  test('with a copy each count apart, also where the plugin comes first', async () => {
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
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: { lint: 2 } })
  })

  test('that share a copy: the imported functions count for the first tool, those that initTelemetry returns for their own', async () => {
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
    expect(result).toEqual(SILENT)
    await receiver.arrived(2)
    expect(byTool(receiver)).toEqual({ trix: { early: 1, late: 1, build: 1 }, trax: { lint: 1 } })
    // Log mode does not remark that there are two.
    const log = await world.script(script, { TRIX_TELEMETRY: 'log' })
    expect(log.stderr).toContain('trix telemetry: this would be sent to ')
    expect(log.stderr).not.toContain('not counted (')
  })

  test('that share a copy, the plugin first: the imported functions count for the plugin', async () => {
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
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: { bare: 1, lint: 1 } })
  })

  test('a copy whose initTelemetry was not called counts for the first tool of the process', async () => {
    const { world, receiver, init } = await consented()
    await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { trackCommand } from ${await bundled(world, 'part.mjs')}
      ${init('trix')}
      ${init('trax')}
      trackCommand('build')
    `)
    await receiver.arrived(1)
    expect(byTool(receiver)).toEqual({ trix: { build: 1 }, trax: {} })
  })

  test.each([
    ['', 'trix'],
    [", { name: 'trix' }", 'trix'],
    [", { name: 'trax' }", 'trax'],
  ])('runTelemetryCommand(args%s) is about %s', async (options, name) => {
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

  test.each(['one copy', 'a copy each'])('show one notice in a run, with %s', async copies => {
    const receiver = await startReceiver()
    const world = makeWorld()
    const file = join(world.cwd, 'host.mjs')
    const plugin = copies === 'one copy' ? JSON.stringify(LIBRARY) : await bundled(world, 'plugin.mjs')
    const tool = (name: string) =>
      `({ name: '${name}', version: '1.0.0', endpoint: '${receiver.endpoint}', commands: ${COMMANDS} }).trackCommand('build')`
    writeFileSync(
      file,
      `import * as host from ${JSON.stringify(LIBRARY)}
      import * as plugin from ${plugin}
      host.initTelemetry${tool('trix')}
      plugin.initTelemetry${tool('trax')}`,
    )
    const run = async () => {
      const { stdout } = await runOnTerminal(`${process.execPath} ${file}`, world)
      return [...stdout.matchAll(/^(\w+) counts how often/gm)].map(([, name]) => name)
    }
    // The second tool is not counted before its own notice was shown, which is in the next run.
    expect(await run()).toEqual(['trix'])
    expect(world.files()).toEqual(['.local/state/trix/notice'])
    expect(await run()).toEqual(['trax'])
    await receiver.arrived(1)
    expect(await run()).toEqual([])
    await receiver.arrived(3)
    expect(byTool(receiver)).toEqual({ trix: { build: 2 }, trax: { build: 1 } })
  })
})

test('a call before initTelemetry counts nothing, and log mode says so', async () => {
  const { world, init } = await consented()
  const script = `
    import { initTelemetry, trackCommand } from 'otlp-tally'
    trackCommand('too early')
    ${init('trix')}`
  expect(await world.script(script)).toEqual(SILENT)
  expect((await world.script(script, { TRIX_TELEMETRY: 'log' })).stderr).toBe(
    'trix telemetry: not counted (trackCommand was called before initTelemetry: that was not counted)\n',
  )
})

describe('initTelemetry', () => {
  test('called again for the same tool can only switch telemetry off', async () => {
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
    expect(byTool(receiver).trix).toEqual({ build: 1, later: 1 })
  })

  test.each([
    'undefined',
    'null',
    '7',
    '{}',
    '{ name: Symbol() }',
    '{ get name() { throw 1 } }',
    'new Proxy({}, { ownKeys() { throw 1 } })',
  ])('called with %s switches telemetry off, and no later call throws, whatever is passed', async options => {
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
    expect(result).toEqual(SILENT)
    expect(world.files()).toEqual([])
  })

  test('called with invalid options switches telemetry off, and log mode names them', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', commands: [], timeoutMs: -1, endpont: 'https://x' })
      trackCommand('build')
      trackCommand('check')
    `)
    expect(stderr).toBe(
      'trix telemetry: not counted (not valid: timeoutMs, endpont; "trix telemetry status" explains it)\n',
    )
  })
})

test('what intervalMs holds back is not sent after the config says no', async () => {
  const { world, receiver } = await consented()
  world.writeConfig('')
  const result = await world.script(`
    import { writeFileSync } from 'node:fs'
    import { flushTelemetry, initTelemetry, trackCommand } from 'otlp-tally'
    const endpoint = '${receiver.endpoint}'
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint, intervalMs: 600_000, commands: ['build', 'check'] })
    trackCommand('build')
    await flushTelemetry()
    trackCommand('check')
    // After a second it is due, and held back.
    await new Promise(resolve => setTimeout(resolve, 1100))
    writeFileSync(${JSON.stringify(world.config)}, '[telemetry]\\nenabled = false')
    await flushTelemetry()
  `)
  expect(result).toEqual(SILENT)
  await helpersEnded(world)
  expect(byTool(receiver).trix).toEqual({ build: 1 })
})

test('a CommonJS tool counts', async () => {
  const { world, receiver, init } = await consented()
  writeFileSync(
    join(world.cwd, 'tool.cjs'),
    `const { initTelemetry, trackCommand } = require(${JSON.stringify(LIBRARY)})
     ${init('trix')}
     trackCommand('build')`,
  )
  // Node 20.19 warns where require() loads an ES module that is not in node_modules.
  expect(await runProcess(process.execPath, ['--no-warnings', 'tool.cjs'], world)).toEqual(SILENT)
  await receiver.arrived(1)
  expect(byTool(receiver).trix).toEqual({ build: 1 })
})

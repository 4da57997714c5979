import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpers, helpersEnded, startHanging, until } from './helper.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, type Result, runProcess, type World } from './world.ts'

const TOOL = join(import.meta.dirname, '../examples/tool.js')

/** A user who has said yes, and a receiver that their tool sends to. */
async function consented(): Promise<{ world: World; receiver: Receiver }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  return { world, receiver }
}

/** A script of a tool with these options of `initTelemetry`. */
const script = (code: string, options = '') => `
  import { initTelemetry } from 'otlp-tally'
  const { trackCommand, flushTelemetry } = initTelemetry({ name: 'trix', version: '0.19.3', ${options} })
  ${code}`

describe('a command that cannot be helped is not hurt', () => {
  test('where no process can be started, it ends as ever, and the next one carries its count', async () => {
    const { world, receiver } = await consented()
    const gone = await world.script(
      script(`
        trackCommand('upgrade')
        // A tool that replaces its own runtime while it runs.
        process.execPath = '/nowhere/node'`),
    )
    expect(gone).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await world.tool(['build'])
    await receiver.arrived(1)
    // By the tool's own list, `upgrade` is no command of it, and so is not sent.
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    await world.script(script("trackCommand('upgrade')"))
    await receiver.arrived(2)
    expect(counts(receiver.requests)).toEqual({ upgrade: 2, build: 1 })
  })

  test('a deleted working folder, a missing temporary folder and a closed stderr are nothing to it', async () => {
    const { world, receiver } = await consented()
    const command = `mkdir gone && cd gone && rmdir ../gone && ${process.execPath} ${TOOL} test --dir ${world.cwd} 2>&-`
    const env = { ...world.env, TMPDIR: '/nowhere' }
    expect(await runProcess('sh', ['-c', command], { cwd: world.cwd, env })).toMatchObject({
      status: 0,
      stdout: '0 documents\n',
    })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ test: 1 })
  })
})

describe('however the command ends, by whomever it is ended', () => {
  test.each([
    "process.on('exit', () => process.exit(6))",
    "process.on('exit', () => process.reallyExit(7))",
    "process.on('exit', () => { throw new Error('theirs') })",
    "process.prependListener('exit', () => process.exit(8))",
  ])('a listener that came before ours changes nothing: %s', async listener => {
    const { world, receiver } = await consented()
    const code = script(`${listener}\ntrackCommand('build')\nconsole.log('built')`)
    const off = await world.script(code, { TRIX_TELEMETRY: 'off' })
    // Through which functions of Node the error came is not ours to keep.
    const plain = ({ stderr, ...rest }: Result) => ({ ...rest, stderr: stderr.replace(/\n +at .*/g, '') })
    expect(plain(await world.script(code))).toEqual(plain(off))
    expect(off).toMatchObject({ stdout: 'built\n' })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('a tool with as many listeners as Node allows is not warned of ours', async () => {
    const { world, receiver } = await consented()
    const result = await world.script(
      // Node has one of its own.
      script(`for (let i = 0; i < 9; i++) process.on('exit', () => {})\ntrackCommand('build')`),
    )
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await receiver.arrived(1)
  })
})

describe("delivery: 'inline'", () => {
  const inline = "delivery: 'inline'"
  const withoutHelper = "process.getBuiltinModule('node:child_process').spawn = () => console.log('a helper')"

  test('sends from the process itself, without a helper', async () => {
    const { world, receiver } = await consented()
    const result = await world.script(script(`${withoutHelper}\ntrackCommand('build')`, inline))
    expect(result).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test.each([
    ['right after it', 'process.exit(3)'],
    ['in a promise', 'await null; process.exit(3)'],
    ['while the answer is awaited', 'setTimeout(() => process.exit(3), 20)'],
    ['by an uncaught error', "process.exitCode = 3; throw new Error('boom')"],
  ])('delivers a command that calls process.exit() %s: each body arrives', async (_, end) => {
    const { world, receiver } = await consented()
    for (let run = 1; run <= 3; run++) {
      const { status, stdout } = await world.script(script(`trackCommand('build')\n${end}`, inline))
      expect({ status: status === 0, stdout }).toEqual({ status: false, stdout: '' })
      // Not how many bodies: one that was under way is sent once more, with the same totals.
      await expect.poll(() => counts(receiver.requests), { timeout: 15_000 }).toEqual({ build: run })
    }
  })
})

describe('headers that fetch refuses', () => {
  const names = ['connection', 'content-length', 'Expect', 'keep-alive', 'Transfer-Encoding', 'upgrade']

  test.each(names)('%s is a sentence in log mode, and nothing is counted', async name => {
    const { world, receiver } = await consented()
    const code = script("trackCommand('build')", `headers: { '${name}': 'x' }`)
    const { stderr } = await world.script(code, { TRIX_TELEMETRY: 'log' })
    expect(stderr).toBe(
      `trix telemetry: none (initTelemetry: headers: expected header names and values, ` +
        `got ${name}, which \`fetch\` sets itself and refuses)\n`,
    )
    expect(await world.script(code)).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('in the config: off, and log says which', async () => {
    const { world } = await consented()
    world.writeConfig('[telemetry]\nheaders = { upgrade = "h2c" }\n')
    const { stderr } = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    expect(stderr).toContain('config.toml: telemetry.headers: expected')
    expect(stderr).toContain('upgrade, which `fetch` sets itself and refuses')
  })

  test('every other is sent as it is', async () => {
    const { world, receiver } = await consented()
    const headers = {
      authorization: 'Bearer x',
      te: 'trailers',
      "x-!#$%&'*+.^`|~-": ' y ',
    }
    await world.script(
      script(
        "trackCommand('build')",
        `endpoint: '${receiver.endpoint}', headers: ${JSON.stringify(headers)}`,
      ),
      { TRIX_TELEMETRY_ENDPOINT: '' },
    )
    const [request] = await receiver.arrived(1)
    expect(request!.headers).toMatchObject({ ...headers, "x-!#$%&'*+.^`|~-": 'y' })
  })
})

const canUnshare =
  process.platform === 'linux' && spawnSync('unshare', ['-fp', '--mount-proc', 'true']).status === 0

describe.runIf(canUnshare)('in a container', () => {
  const build = `${process.execPath} ${TOOL} build`
  const container = (world: World, ...command: string[]): Promise<Result> =>
    runProcess('unshare', ['-fp', '--mount-proc', '--kill-child', ...command], world)

  /** Six commands, each the only one of its container: all bodies arrive. */
  async function arriveFrom(...command: string[]) {
    const { world, receiver } = await consented()
    for (let run = 1; run <= 6; run++) {
      expect(await container(world, ...command)).toMatchObject({ status: 0, stdout: '{}\n', stderr: '' })
      // The container is over, and with it whoever could still send.
      expect(counts(receiver.requests)).toEqual({ build: run })
      expect(receiver.requests).toHaveLength(run)
    }
  }

  test('that is the command', () => arriveFrom(...build.split(' ')))
  test('whose shell ends with the command', () => arriveFrom('sh', '-c', `${build}; exit 0`))
  test.runIf(spawnSync('tini', ['--version']).status === 0)('of docker run --init: tini --', () =>
    arriveFrom('tini', '--', ...build.split(' ')),
  )

  test('that lives on: a helper sends, and the command does not wait for it', async () => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    // In a shell of the shell: the container's first process did not start the command, and outlives it.
    const waits = `touch ended; while ! [ -e over ]; do sleep 0.1; done`
    const running = container(world, 'sh', '-c', `sh -c '${build}; true'; ${waits}`)
    await until(() => existsSync(join(world.cwd, 'ended')))
    await connected
    expect(helpers(world.home)).toHaveLength(1)
    writeFileSync(join(world.cwd, 'over'), '')
    expect(await running).toMatchObject({ status: 0, stdout: '{}\n', stderr: '' })
  })
})

describe('auto delivers', () => {
  const delivery = (stdout: string) => /delivery +(\w+)/.exec(stdout)?.[1]
  const status = `${process.execPath} ${TOOL} telemetry status`

  test('detached, usually', async () => {
    expect(delivery((await makeWorld().tool(['telemetry', 'status'])).stdout)).toBe('detached')
  })

  test.runIf(canUnshare).each([
    ['inline as PID 1 of a container', status, 'inline'],
    // It may end with the command, and the kernel would kill the helper.
    ['inline under a shell as PID 1', `sh -c "${status}; true"`, 'inline'],
    ['detached below it: a shell reaps orphans', `sh -c "sh -c '${status}; true'; true"`, 'detached'],
    // node does not reap what it did not start: each helper would stay as a zombie.
    [
      'inline below a node server as PID 1',
      `${process.execPath} -e "process.stdout.write(require('child_process').execSync('${status}; true'))"`,
      'inline',
    ],
  ])('%s', async (_, command, route) => {
    const { stdout } = await runProcess('sh', ['-c', `unshare -fp --mount-proc ${command}`], makeWorld())
    expect(delivery(stdout)).toBe(route)
  })

  test('inline from an executable that is not a plain interpreter: it could be the tool itself', async () => {
    const world = makeWorld()
    const executable = join(world.cwd, 'trix')
    copyFileSync(process.execPath, executable)
    expect(delivery((await runProcess(executable, [TOOL, 'telemetry', 'status'], world)).stdout)).toBe(
      'inline',
    )
    expect(existsSync(executable)).toBe(true)
  })
})

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helperCode } from '../build/helper-code.ts'
import { all, countedBy } from './consumers.ts'
import { aWhile, makeTool, startBackend } from './counting.ts'
import { helpers, helpersEnded, openFiles, startHanging, until } from './helper.ts'
import { startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

// The process that sends, seen from outside while a Collector keeps it waiting.

const TOOL = join(import.meta.dirname, '../examples/tool.js')
const isRoot = process.geteuid?.() === 0

/** A user who said yes, whose Collector takes connections and never answers. No test waits for the timeout. */
async function waiting(timeoutMs = 60_000) {
  const hanging = await startHanging()
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: hanging.endpoint })
  world.writeConfig(`[telemetry]\ntimeout_ms = ${timeoutMs}\n`)
  onTestFinished(() => killHelpers(world))
  return { ...hanging, world }
}

function killHelpers({ home }: World): void {
  for (const pid of helpers(home)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
}

describe.runIf(process.platform === 'linux')('the helper', () => {
  test('is not waited for, shows nothing to other users, is in no folder, and ends by itself', async () => {
    const { connected, world, endpoint } = await waiting(1500)
    world.writeConfig(
      `[telemetry]\nenabled = true\nendpoint = "${endpoint}/otlp?token=secret"\n` +
        'timeout_ms = 1500\nheaders = { authorization = "Bearer secret" }',
    )
    const { status } = await runProcess(process.execPath, [TOOL, 'build'], {
      cwd: world.cwd,
      env: {
        PATH: world.env.PATH!,
        HOME: world.home,
        NODE_OPTIONS: '--no-warnings',
        NODE_V8_COVERAGE: join(world.cwd, 'coverage'),
      },
    })
    expect(status).toBe(0)
    await connected
    const [pid] = helpers(world.home)
    const about = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'latin1')
    const [fingerprint] = readFileSync(join(world.state, 'fingerprint'), 'utf8').split(' ')
    const own = ['Bearer', 'token=secret', endpoint, join(world.state, 'v1')]
    for (const text of own) expect(about('cmdline')).not.toContain(text)
    const environment = about('environ').split('\0')
    for (const file of ['cmdline', 'environ']) expect(about(file)).not.toContain(fingerprint)
    // The job is there, once.
    for (const text of own)
      expect(environment.filter(entry => entry.includes(text))).toEqual([
        expect.stringMatching(/^OTLP_TALLY_HELPER=\{"url":"/),
      ])
    expect(environment.filter(entry => /^NODE_(OPTIONS|V8_COVERAGE)=/.test(entry))).toEqual([])
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    const open = openFiles(pid!)
    expect([open[0], open[1], open[2]]).toEqual(['/dev/null', '/dev/null', '/dev/null'])
    await helpersEnded(world)
    expect(world.files().map(path => path.replaceAll(/[0-9a-f]{8}/g, 'x'))).toEqual([
      '.config/trix/config.toml',
      '.local/state/trix/fingerprint',
      '.local/state/trix/v1/0.19.3-x-x.log',
    ])
  })

  test.runIf(isRoot)('has an environment that no other user can read', async () => {
    const { connected, world } = await waiting()
    const as = (uid: number, ...command: string[]) =>
      runProcess('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command], world)
    spawnSync('chown', ['-R', '54321:54321', join(world.home, '..')])
    expect(await as(54321, process.execPath, TOOL, 'build')).toMatchObject({ status: 0, stderr: '' })
    await connected
    const [pid] = helpers(world.home)
    const environment = `/proc/${pid}/environ`
    expect(statSync(environment).mode & 0o777).toBe(0o400)
    expect(statSync(environment).uid).toBe(54321)
    // The owner can, so this test can fail; a stranger sees that there is such a process, and no more.
    const own = await as(54321, 'cat', environment)
    expect(own.stdout).toContain('OTLP_TALLY_HELPER')
    const strange = await as(54322, 'cat', environment)
    expect(strange).toMatchObject({ status: 1, stdout: '' })
    expect(strange.stderr).toContain('Permission denied')
    const arguments_ = await as(54322, 'cat', `/proc/${pid}/cmdline`)
    expect(arguments_.status).toBe(0)
    expect(arguments_.stdout).not.toContain(world.home)
  })

  test('starts no process, so nothing inherits what is in its environment', async () => {
    const { connected, world } = await waiting()
    await world.tool(['build'])
    await connected
    const [pid] = helpers(world.home)
    expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')).toBe('')
    // The command itself never had it: what else it starts does not get it.
    const { stdout } = await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { execFileSync } from 'node:child_process'
      initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build'] }).trackCommand('build')
      process.on('exit', () => console.log(execFileSync('env', { encoding: 'utf8' })))
    `)
    expect(stdout).toContain('TRIX_TELEMETRY=on')
    expect(stdout).not.toContain('OTLP_TALLY_HELPER')
  })

  test('that is killed is missed by nobody: a later command carries its count', async () => {
    const { endpoint, bodies, requests } = await startBackend(({ index, store, answer }) => {
      if (index === 1) return // it hangs
      store()
      answer(200)
    })
    const { run, start, world } = makeTool()
    const options = { timeoutMs: 600 }
    await run(endpoint, ['check'], { options })
    await start(endpoint, ['build'], { options })
    await until(() => requests.length === 2)
    killHelpers(world)
    await helpersEnded(world)
    // For all that the next ones know, the body may be stored yet. When its life is over, it is another body's turn.
    await aWhile(1700)
    await run(endpoint, ['check'], { options })
    await run(endpoint, ['build'], { options })
    // The zero of `build` went with the body that nobody knows of. So `increase` misses one, and the sum does not.
    expect(countedBy(bodies)).toMatchObject({ byStart: 4, byArrival: 4, byTime: 3 })
  })

  /** Starts the helper's program by hand, with this job or none. */
  async function byHand(job: string | undefined) {
    const env = { PATH: process.env.PATH ?? '', ...(job !== undefined && { OTLP_TALLY_HELPER: job }) }
    return runProcess(process.execPath, ['-e', `${await helperCode()}.main()`], { cwd: '/', env })
  }
  const silent = { stdout: '', stderr: '', signal: 'SIGKILL' }
  const job = (more: object) =>
    JSON.stringify({
      ...{ url: 'http://127.0.0.1:65009/', headers: {}, timeoutMs: 500, intervalMs: 0, answers: [] },
      ...{ path: '/nowhere/v1/x.log', stateFolder: '/nowhere', draft: { metric: 'm', resource: {} } },
      ...more,
    })

  test.each<[string, string | undefined]>([
    ['no job', undefined],
    ['an empty one', ''],
    ['a number', '2000'],
    ['half a job', job({}).slice(0, 60)],
    ['an empty object', '{}'],
    ['what is no object', 'null'],
    ['what is no JSON', 'scribbled'],
    ['no log', job({})],
    ['a log that is none', job({ path: 7 })],
    ['a log of something else', job({ path: '/proc/self/status' })],
    ['a folder for a log', job({ path: '/proc' })],
    ['no time', job({ timeoutMs: undefined })],
    ['answers that are none', job({ answers: 7 })],
  ])('started by hand with %s: silent, and it ends', async (_, given) => {
    expect(await byHand(given)).toMatchObject(silent)
  })

  test('by hand it sends what a log holds, but not to what is no URL, and not by headers that are none', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, world, logs } = makeTool()
    await run('http://127.0.0.1:65009')
    const path = join(world.state, 'v1', logs()[0]!)
    for (const wrong of [{ url: 5 }, { url: 'file:///etc/passwd' }, { headers: { 'a b': 'c' } }])
      expect(await byHand(job({ url: endpoint, stateFolder: world.state, path, ...wrong }))).toMatchObject(
        silent,
      )
    expect(bodies).toEqual([])
    expect(await byHand(job({ url: endpoint, stateFolder: world.state, path }))).toMatchObject(silent)
    expect(countedBy(bodies)).toMatchObject({ byStart: 1 })
  })

  test('ends at its bound when the server never answers', async () => {
    const { endpoint, connected } = await startHanging()
    const { run, world, logs } = makeTool()
    await run('http://127.0.0.1:65009')
    const path = join(world.state, 'v1', logs()[0]!)
    const ended = byHand(job({ url: endpoint, timeoutMs: 2000, stateFolder: world.state, path }))
    await connected
    expect(await ended).toMatchObject(silent)
  })

  test('never counts or starts a helper, though it were the tool itself', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({
      TRIX_TELEMETRY: 'on',
      TRIX_TELEMETRY_ENDPOINT: receiver.endpoint,
      OTLP_TALLY_HELPER: '',
    })
    expect(await world.tool(['build'])).toMatchObject({ status: 0, stdout: '{}\n' })
    expect(world.files()).toEqual([])
  })
})

describe.runIf(process.platform === 'linux')('while the helper waits for a Collector that hangs', () => {
  /** Runs a line of bash in which `$TOOL` is the command; resolves when the helper is connected. */
  async function inBash(line: string) {
    const { connected, world } = await waiting()
    const env = { ...world.env, TOOL: `${process.execPath} ${TOOL} build` }
    const result = await runProcess('bash', ['-c', line], { cwd: world.cwd, env })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    await connected
    const [pid] = helpers(world.home)
    expect(pid).toBeDefined()
    return { world, pid: pid!, result }
  }

  /** Of what it has open, what was not there before: neither /dev/null nor Node's own. */
  const inherited = (pid: string, folder: string) =>
    Object.values(openFiles(pid)).filter(path => path.startsWith(folder) || /^pipe:/.test(path))
  const ownPipes = (pid: string) => {
    // Node's own pipes wake its threads: both ends of each are in this one process.
    const pipes = Object.values(openFiles(pid)).filter(path => path.startsWith('pipe:'))
    return pipes.filter(pipe => pipes.indexOf(pipe) !== pipes.lastIndexOf(pipe))
  }

  test('a lock of the shell is free: flock on fd 200', async () => {
    const { world, pid } = await inBash('( flock -n 200; $TOOL ) 200>lock')
    expect(inherited(pid, world.cwd).filter(path => !ownPipes(pid).includes(path))).toEqual([])
    expect(spawnSync('flock', ['-n', 'lock', 'true'], { cwd: world.cwd }).status).toBe(0)
    expect(helpers(world.home)).toEqual([pid])
  })

  test('a lock is free whichever number it has', async () => {
    const { world, pid } = await inBash(
      '( flock 9; flock 16; flock 63; $TOOL ) 3</dev/null 9>nine 16>sixteen 63>sixtythree',
    )
    for (const lock of ['nine', 'sixteen', 'sixtythree'])
      expect(spawnSync('flock', ['-n', lock, 'true'], { cwd: world.cwd }).status).toBe(0)
    expect(helpers(world.home)).toEqual([pid])
  })

  test('a process substitution reads its end of file', async () => {
    const { world, pid } = await inBash('$TOOL >(cat >/dev/null; echo >eof)')
    await until(() => existsSync(join(world.cwd, 'eof')))
    expect(helpers(world.home)).toEqual([pid])
  })

  test('and $(…) and a pipe are over', async () => {
    const { world, pid, result } = await inBash('echo "$($TOOL 2>&1)"; $TOOL | cat')
    expect(result.stdout).toBe('{}\n{}\n')
    expect(helpers(world.home)).toContain(pid)
  })

  test('the working folder can be removed, and a mount of it released', async () => {
    const { world, pid } = await inBash('mkdir gone && cd gone && $TOOL && cd .. && rmdir gone')
    expect(existsSync(join(world.cwd, 'gone'))).toBe(false)
    expect(helpers(world.home)).toEqual([pid])
  })
})

test('128 series with attributes as long as they can be: a body carries all', async () => {
  const { endpoint, bodies, offline } = await startBackend()
  const { run } = makeTool()
  const numbers = Array.from({ length: 128 }, (_, i) => `n${i}`)
  const long = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['A'.repeat(63) + i, ['B'.repeat(64)]]))
  const options = { events: { ['c'.repeat(64)]: { ...long, number: numbers } } }
  const count = (from: number, to: number) => `
    const long = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['A'.repeat(63) + i, 'B'.repeat(64)]))
    for (let i = ${from}; i < ${to}; i++) trackEvent('c'.repeat(64), { ...long, number: 'n' + i })`
  await offline(async () => {
    for (let from = 0; from < 128; from += 32)
      await run(endpoint, [], { options, after: count(from, from + 32) })
  })
  await aWhile(1100)
  // The 129th is not counted: a tool's lists have no such number, so something else is in its attributes.
  await run(endpoint, ['build'], { options, after: count(0, 1) })
  expect(countedBy(bodies)).toEqual(all(129))
  // More than a variable of the environment can hold.
  expect(bodies[0]!.length).toBeGreaterThan(2 * 131_072)
})

test.runIf(process.platform === 'linux')(
  '(a child that inherits does hold a lock, so the tests above can fail)',
  async () => {
    const world = makeWorld()
    writeFileSync(join(world.cwd, 'lock'), '')
    const child: ChildProcess = spawn('bash', ['-c', 'exec 200>lock; flock 200; echo held; exec sleep 60'], {
      cwd: world.cwd,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await new Promise(resolve => child.stdout!.once('data', resolve))
    expect(spawnSync('flock', ['-n', 'lock', 'true'], { cwd: world.cwd }).status).toBe(1)
  },
)

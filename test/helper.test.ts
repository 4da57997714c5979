import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helperCode } from '../build/helper-code.ts'
import { all, countedBy } from './consumers.ts'
import { makeTool, startBackend } from './counting.ts'
import { helpers, helpersEnded, openFiles, startHanging, until } from './helper.ts'
import { closedEndpoint } from './loopback.ts'
import { isLinux, isRoot } from './machine.ts'
import { TOOL } from './paths.ts'
import { consentedUser } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

// The process that sends, seen from outside.

/** A user who has agreed, and whose Collector never answers. No test waits for the timeout. */
async function userOfHanging() {
  const hanging = await startHanging()
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: hanging.endpoint })
  world.writeConfig('[telemetry]\ntimeout_ms = 60000\n')
  onTestFinished(() => killHelpers(world))
  return { ...hanging, world }
}

function killHelpers({ home }: World): void {
  for (const pid of helpers(home)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has ended by itself
    }
  }
}

describe.runIf(isLinux)('the helper', () => {
  test('is not waited for, shows nothing to other users, works in /, and ends by itself', async () => {
    const { connected, world, endpoint } = await userOfHanging()
    world.writeConfig(
      `[telemetry]\nenabled = true\nendpoint = "${endpoint}/otlp?token=secret"\n` +
        'timeout_ms = 60000\nheaders = { authorization = "Bearer secret" }',
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
    const socket = await connected
    const [pid] = helpers(world.home)
    const about = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'latin1')
    const [fingerprint] = readFileSync(join(world.state, 'fingerprint'), 'utf8').split(' ')
    const own = ['Bearer', 'token=secret', endpoint, join(world.state, 'v1')]
    for (const text of own) expect(about('cmdline')).not.toContain(text)
    const environment = about('environ').split('\0')
    for (const file of ['cmdline', 'environ']) expect(about(file)).not.toContain(fingerprint)
    // All of this is in one variable of the environment.
    for (const text of own)
      expect(environment.filter(entry => entry.includes(text))).toEqual([
        expect.stringMatching(/^OTLP_TALLY_HELPER=\{"url":"/),
      ])
    expect(environment.filter(entry => /^NODE_(OPTIONS|V8_COVERAGE)=/.test(entry))).toEqual([])
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    const open = openFiles(pid!)
    expect([open[0], open[1], open[2]]).toEqual(['/dev/null', '/dev/null', '/dev/null'])
    socket.destroy()
    await helpersEnded(world)
    expect(world.files().map(path => path.replaceAll(/[0-9a-f]{8}/g, 'x'))).toEqual([
      '.config/trix/config.toml',
      '.local/state/trix/fingerprint',
      '.local/state/trix/v1/0.19.3-x-x.log',
    ])
  })

  test.runIf(isRoot)('has an environment that no other user can read', async () => {
    const { connected, world } = await userOfHanging()
    const as = (uid: number, ...command: string[]) =>
      runProcess('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command], world)
    spawnSync('chown', ['-R', '54321:54321', join(world.home, '..')])
    expect(await as(54321, process.execPath, TOOL, 'build')).toMatchObject({ status: 0, stderr: '' })
    await connected
    const [pid] = helpers(world.home)
    const environment = `/proc/${pid}/environ`
    expect(statSync(environment).mode & 0o777).toBe(0o400)
    expect(statSync(environment).uid).toBe(54321)
    // The owner can read it. A stranger sees that there is such a process, and no more.
    const own = await as(54321, 'cat', environment)
    expect(own.stdout).toContain('OTLP_TALLY_HELPER')
    const strange = await as(54322, 'cat', environment)
    expect(strange).toMatchObject({ status: 1, stdout: '' })
    expect(strange.stderr).toContain('Permission denied')
    const arguments_ = await as(54322, 'cat', `/proc/${pid}/cmdline`)
    expect(arguments_.status).toBe(0)
    expect(arguments_.stdout).not.toContain(world.home)
  })

  test('starts no process, and no other process of the command has its environment', async () => {
    const { connected, world } = await userOfHanging()
    await world.tool(['build'])
    await connected
    const [pid] = helpers(world.home)
    expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')).toBe('')
    const { stdout } = await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { execFileSync } from 'node:child_process'
      initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build'] }).trackCommand('build')
      process.on('exit', () => console.log(execFileSync('env', { encoding: 'utf8' })))
    `)
    expect(stdout).toContain('TRIX_TELEMETRY=on')
    expect(stdout).not.toContain('OTLP_TALLY_HELPER')
  })

  test('loses no count when it is killed: a later command sends it', async () => {
    const { endpoint, bodies, requests } = await startBackend(({ index, store, answer }) => {
      if (index === 1) return // no answer
      store()
      answer(200)
    })
    const { run, start, canSend, world } = makeTool()
    await run(endpoint, ['check'])
    await start(endpoint, ['build'], { options: { timeoutMs: 1000 } })
    await until(() => requests.length === 2)
    killHelpers(world)
    // Until its claim expires, the request that was killed may be stored yet.
    await canSend()
    await run(endpoint, ['check'])
    await run(endpoint, ['build'])
    // The zero of `build` was in the request that nobody knows of. So `increase` misses one, and the sum does not.
    expect(countedBy(bodies)).toMatchObject({ byStart: 4, byArrival: 4, byTime: 3 })
  })

  /** Runs the helper's program with this job, or with none. `before` is code that runs first. */
  async function runHelper(job: string | undefined, before = '') {
    const env = { PATH: process.env.PATH ?? '', ...(job !== undefined && { OTLP_TALLY_HELPER: job }) }
    return runProcess(process.execPath, ['-e', `${before};${await helperCode()}.main()`], { cwd: '/', env })
  }
  /** It ends itself by SIGKILL. */
  const ended = { stdout: '', stderr: '', signal: 'SIGKILL' }
  const job = (more: object) =>
    JSON.stringify({
      ...{ url: 'http://127.0.0.1:65009/', headers: {}, timeoutMs: 10_000, intervalMs: 0, answers: [] },
      ...{ path: '/nowhere/v1/x.log', stateFolder: '/nowhere', draft: { metric: 'm', resource: {} } },
      ...more,
    })

  test.each<[string, string | undefined]>([
    ['no job', undefined],
    ['an empty job', ''],
    ['a number', '2000'],
    ['half a job', job({}).slice(0, 60)],
    ['an empty object', '{}'],
    ['null', 'null'],
    ['a text that is not JSON', 'scribbled'],
    ['a log that does not exist', job({})],
    ['a log that is a number', job({ path: 7 })],
    ['a log that is another file', job({ path: '/proc/self/status' })],
    ['a log that is a folder', job({ path: '/proc' })],
    ['no timeout', job({ timeoutMs: undefined })],
    ['answers that are a number', job({ answers: 7 })],
  ])('ends and prints nothing when it is started with %s', async (_, given) => {
    expect(await runHelper(given)).toMatchObject(ended)
  })

  /** A log in which one run is counted and not sent, as a part of a job. */
  async function unsentLog() {
    const { run, world, logs } = makeTool()
    await run(await closedEndpoint())
    return { stateFolder: world.state, path: join(world.state, 'v1', logs()[0]!) }
  }

  test('sends what a log holds, but not to a text that is no URL, and not with invalid headers', async () => {
    const { endpoint: url, bodies } = await startBackend()
    const log = await unsentLog()
    for (const wrong of [{ url: 5 }, { url: 'file:///etc/passwd' }, { headers: { 'a b': 'c' } }])
      expect(await runHelper(job({ url, ...log, ...wrong }))).toMatchObject(ended)
    expect(bodies).toEqual([])
    expect(await runHelper(job({ url, ...log }))).toMatchObject(ended)
    expect(countedBy(bodies)).toMatchObject({ byStart: 1 })
  })

  test('ends at its bound when the server never answers', async () => {
    const { endpoint: url, connected } = await startHanging()
    const helper = runHelper(job({ url, timeoutMs: 2000, ...(await unsentLog()) }))
    await connected
    expect(await helper).toMatchObject(ended)
  })

  test('records what became of its request before it ends, however slowly it starts', async () => {
    const { endpoint: url } = await startHanging()
    const log = await unsentLog()
    const slow = `WebAssembly.Memory = class {
      constructor() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000) }
    }`
    expect(await runHelper(job({ url, timeoutMs: 500, ...log }), slow)).toMatchObject(ended)
    expect(readFileSync(log.path, 'utf8').split('\n').at(-1)).toMatch(/^!unknown \w+ timeout \d+$/)
  })

  test('neither counts nor starts a helper where it is the tool itself', async () => {
    const { world, receiver } = await consentedUser()
    world.env.OTLP_TALLY_HELPER = ''
    expect(await world.tool(['build'])).toMatchObject({ status: 0, stdout: '{}\n' })
    expect(world.files()).toEqual([])
    expect(receiver.requests).toEqual([])
  })
})

describe.runIf(isLinux)('while the helper waits for a Collector that hangs', () => {
  /** Runs a line of bash in which `$TOOL` is the command. Resolves when the helper is connected. */
  async function inBash(line: string) {
    const { connected, world } = await userOfHanging()
    const env = { ...world.env, TOOL: `${process.execPath} ${TOOL} build` }
    const result = await runProcess('bash', ['-c', line], { cwd: world.cwd, env })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    await connected
    const [pid] = helpers(world.home)
    expect(pid).toBeDefined()
    return { world, pid: pid!, result }
  }

  /** The files of the working folder and the pipes that it has open, but for Node's own, of which it has both ends. */
  const inherited = (pid: number, folder: string) => {
    const open = Object.values(openFiles(pid))
    const isPair = (path: string) => open.indexOf(path) !== open.lastIndexOf(path)
    return open.filter(path => path.startsWith(folder) || (path.startsWith('pipe:') && !isPair(path)))
  }

  test('it holds no file and no pipe of the command', async () => {
    const { world, pid } = await inBash('$TOOL 3>file | cat')
    expect(inherited(pid, world.cwd)).toEqual([])
  })

  test('a lock of the shell is free: flock on fd 200', async () => {
    const { world, pid } = await inBash('( flock -n 200; $TOOL ) 200>lock')
    expect(spawnSync('flock', ['-n', 'lock', 'true'], { cwd: world.cwd }).status).toBe(0)
    expect(helpers(world.home)).toEqual([pid])
  })

  test('a lock is free, whatever its file descriptor', async () => {
    const { world, pid } = await inBash(
      '( flock 9; flock 16; flock 63; $TOOL ) 3</dev/null 9>nine 16>sixteen 63>sixtythree',
    )
    for (const lock of ['nine', 'sixteen', 'sixtythree'])
      expect(spawnSync('flock', ['-n', lock, 'true'], { cwd: world.cwd }).status).toBe(0)
    expect(helpers(world.home)).toEqual([pid])
  })

  test('a process substitution gets its end of file', async () => {
    const { world, pid } = await inBash('$TOOL >(cat >/dev/null; echo >eof)')
    await until(() => existsSync(join(world.cwd, 'eof')))
    expect(helpers(world.home)).toEqual([pid])
  })

  test('$(…) and a pipe end', async () => {
    const { world, pid, result } = await inBash('echo "$($TOOL 2>&1)"; $TOOL | cat')
    expect(result.stdout).toBe('{}\n{}\n')
    expect(helpers(world.home)).toContain(pid)
  })

  test('the working folder can be removed', async () => {
    const { world, pid } = await inBash('mkdir gone && cd gone && $TOOL && cd .. && rmdir gone')
    expect(existsSync(join(world.cwd, 'gone'))).toBe(false)
    expect(helpers(world.home)).toEqual([pid])
  })
})

test('a request has all of 128 series, though their attributes are as long as they can be', async () => {
  const { endpoint, bodies, offline } = await startBackend()
  const { run, canSend } = makeTool()
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
  await canSend()
  // `build` would be the 129th series, and is not counted.
  await run(endpoint, ['build'], { options, after: count(0, 1) })
  expect(countedBy(bodies)).toEqual(all(129))
  // More than a variable of the environment can hold.
  expect(bodies[0]!.length).toBeGreaterThan(2 * 131_072)
})

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helperCode } from '../build/helper-code.ts'
import { helpers, openFiles, startHanging, until } from './helper.ts'
import { counts, startReceiver } from './receiver.ts'
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
    expect(about('cmdline')).not.toMatch(/secret|127\.0\.0\.1|resourceMetrics/)
    const environment = about('environ').split('\0')
    // The request is there, once.
    expect(environment.filter(entry => /Bearer|resourceMetrics/.test(entry))).toEqual([
      expect.stringMatching(/^OTLP_TALLY_HELPER=\{"url":"/),
    ])
    expect(environment.filter(entry => /^NODE_(OPTIONS|V8_COVERAGE)=/.test(entry))).toEqual([])
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    const open = openFiles(pid!)
    expect([open[0], open[1], open[2]]).toEqual(['/dev/null', '/dev/null', '/dev/null'])
    await until(() => helpers(world.home).length === 0)
    // The config, the fingerprint, the instance id, the tally, and that its series has begun.
    expect(world.files()).toHaveLength(5)
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
    expect(own.stdout).toContain('resourceMetrics')
    const strange = await as(54322, 'cat', environment)
    expect(strange).toMatchObject({ status: 1, stdout: '' })
    expect(strange.stderr).toContain('Permission denied')
    const arguments_ = await as(54322, 'cat', `/proc/${pid}/cmdline`)
    expect(arguments_.status).toBe(0)
    expect(arguments_.stdout).not.toContain('resourceMetrics')
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
      initTelemetry({ name: 'trix', version: '0.19.3' }).trackCommand('build')
      process.on('exit', () => console.log(execFileSync('env', { encoding: 'utf8' })))
    `)
    expect(stdout).toContain('TRIX_TELEMETRY=on')
    expect(stdout).not.toMatch(/OTLP_TALLY_HELPER|resourceMetrics/)
  })

  test('that is killed is missed by nobody: the next command carries its count', async () => {
    const { connected, world } = await waiting()
    expect(await world.tool(['build'])).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
    await connected
    killHelpers(world)
    await until(() => helpers(world.home).length === 0)
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    expect(await world.tool(['build'], { TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })).toMatchObject({
      status: 0,
    })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 2 })
  })

  /** Starts the helper's program by hand, with this request or none. */
  async function byHand(request: string | undefined) {
    const env = { PATH: process.env.PATH ?? '', ...(request !== undefined && { OTLP_TALLY_HELPER: request }) }
    return runProcess(process.execPath, ['-e', await helperCode()], { cwd: '/', env })
  }
  const silent = { stdout: '', stderr: '', signal: 'SIGKILL' }

  test.each<[string, string | undefined]>([
    ['no request', undefined],
    ['an empty one', ''],
    ['the mark of version 0.1', '2000'],
    ['half a request', '{"url":"http://127.0.0.1:65009/v1/metrics","headers":{},"time'],
    ['a request without a body', '{"url":"http://127.0.0.1:65009/v1/metrics","headers":{},"timeoutMs":500}'],
    ['an empty object', '{}\n{}'],
    ['what is no object', 'null\n{}'],
    ['what is no JSON', 'scribbled\n{}'],
    ['a URL that is none', '{"url":5,"headers":{},"timeoutMs":500}\n{}'],
    ['a URL of a file', '{"url":"file:///etc/passwd","headers":{},"timeoutMs":500}\n{}'],
    ['headers that are none', '{"url":"http://127.0.0.1:65009/","headers":{"a b":"c"},"timeoutMs":500}\n{}'],
    [
      'a note that is not there',
      '{"url":"file:///","headers":{},"timeoutMs":500,"note":"/nowhere/!1-a"}\n{}',
    ],
  ])('started by hand with %s: silent, and it ends', async (_, request) => {
    expect(await byHand(request)).toMatchObject(silent)
  })

  test('ends at its bound when the server never answers', async () => {
    const { endpoint, connected } = await startHanging()
    const ended = byHand(`{"url":"${endpoint}","headers":{},"timeoutMs":300}\n{}`)
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

test('128 series with long attributes: each body fits the channel, has its own series first, and all come in turn', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  const script = (from: number, to: number) => `
    import { initTelemetry } from 'otlp-tally'
    const { trackEvent } = initTelemetry({ name: 'trix', version: '0.19.3' })
    const long = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['a'.repeat(60) + i, 'b'.repeat(64)]))
    for (let i = ${from}; i < ${to}; i++) trackEvent('cup_brewed', { ...long, number: 'n' + i })`
  const numbers = (body: string) => [
    ...new Set([...body.matchAll(/"number","value":\{"stringValue":"n(\d+)"/g)].map(([, n]) => Number(n))),
  ]
  expect(await world.script(script(0, 128))).toMatchObject({ status: 0, stderr: '' })
  await receiver.arrived(1)
  const seen = new Set<number>()
  for (let run = 0; run < 10; run++) {
    await world.script(script(100, 101))
    await receiver.arrived(run + 2)
    const { body } = receiver.requests.at(-1)!
    // Linux takes 128 KiB in one variable.
    expect(body.length).toBeLessThan(131_072 - 2000)
    expect(numbers(body)[0]).toBe(100)
    for (const number of numbers(body)) seen.add(number)
  }
  expect(seen.size).toBe(128)
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

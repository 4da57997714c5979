import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helperCode } from '../build/helper-code.ts'
import { helpers, helpersEnded, openFiles, startHanging, until } from './helper.ts'
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
    const [fingerprint] = readFileSync(join(world.state, 'fingerprint'), 'utf8').split(' ')
    const own = [fingerprint!, 'Bearer', 'token=secret', endpoint, join(world.state, 'tallies')]
    for (const text of own) expect(about('cmdline')).not.toContain(text)
    const environment = about('environ').split('\0')
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
    const stream = '.local/state/trix/tallies/0.19.3-x'
    expect(world.files().map(path => path.replace(/(?<=0\.19\.3-)[0-9a-f]{8}|\d{13}$/g, 'x'))).toEqual([
      ...['.config/trix/config.toml', '.local/state/trix/fingerprint'],
      `${stream}/command_invocation/command_name=build`,
      `${stream}/command_invocation/command_name=build!x`,
      `${stream}/instance`,
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
    expect(own.stdout).toContain('user.fingerprint')
    const strange = await as(54322, 'cat', environment)
    expect(strange).toMatchObject({ status: 1, stdout: '' })
    expect(strange.stderr).toContain('Permission denied')
    const arguments_ = await as(54322, 'cat', `/proc/${pid}/cmdline`)
    expect(arguments_.status).toBe(0)
    expect(arguments_.stdout).not.toContain('user.fingerprint')
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
    expect(stdout).not.toMatch(/OTLP_TALLY_HELPER|user\.fingerprint/)
  })

  test('that is killed is missed by nobody: a later command carries its count', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const { connected, world } = await waiting()
    const online = { TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }
    await world.tool(['check'], online)
    await helpersEnded(world)
    expect(await world.tool(['build'])).toEqual({ status: 0, signal: null, stdout: '{}\n', stderr: '' })
    await connected
    killHelpers(world)
    await helpersEnded(world)
    // For all that the next one knows, the body may be accepted yet: it sends only what has begun.
    world.writeConfig('[telemetry]\ntimeout_ms = 600\n')
    await world.tool(['check'], online)
    await world.tool(['build'], online)
    await helpersEnded(world)
    expect(receiver.requests).toHaveLength(3)
    expect(counts(receiver.requests)).toEqual({ check: 2 })
    // Later no process can be left that would send it.
    const note = join(world.home, world.files().find(path => /\/!\d+-\w+$/.test(path))!)
    renameSync(note, note.replace(/!\d+/, `!${Date.now() - 1}`))
    await world.tool(['build'], online)
    await helpersEnded(world)
    expect(counts(receiver.requests)).toEqual({ check: 2, build: 3 })
    expect(receiver.requests.at(-1)!.body).not.toContain('"asInt":"0"')
    expect(world.files().filter(path => /\/!/.test(path))).toEqual([])
  })

  /** Starts the helper's program by hand, with this job or none. */
  async function byHand(job: string | undefined) {
    const env = { PATH: process.env.PATH ?? '', ...(job !== undefined && { OTLP_TALLY_HELPER: job }) }
    return runProcess(process.execPath, ['-e', `${await helperCode()}.main()`], { cwd: '/', env })
  }
  const silent = { stdout: '', stderr: '', signal: 'SIGKILL' }
  const source = { resource: {}, options: { name: 'trix' }, counted: [] }
  const job = (more: object) =>
    JSON.stringify({
      ...{ url: 'http://127.0.0.1:65009/', headers: {}, timeoutMs: 500, source, body: { text: '{}' } },
      ...more,
    })

  test.each<[string, string | undefined]>([
    ['no job', undefined],
    ['an empty one', ''],
    ['the mark of version 0.1', '2000'],
    ['half a job', job({}).slice(0, 60)],
    ['a job without a body or a source', job({ body: undefined, source: undefined })],
    ['a source without anything in it', job({ body: undefined })],
    ['a source that is no object', job({ body: undefined, source: 7 })],
    ['a folder that is not there', job({ body: undefined, source: { ...source, folder: '/nowhere' } })],
    ['a folder of something else', job({ body: undefined, source: { ...source, folder: '/proc/self' } })],
    ['an empty object', '{}'],
    ['what is no object', 'null'],
    ['what is no JSON', 'scribbled'],
    ['a URL that is none', job({ url: 5 })],
    ['a URL of a file', job({ url: 'file:///etc/passwd' })],
    ['headers that are none', job({ headers: { 'a b': 'c' } })],
    ['no time', job({ timeoutMs: undefined })],
    [
      'a note that is not there',
      job({ body: { text: '{}', note: { path: '/nowhere/!1-a', series: ['m/-!1'] } } }),
    ],
    ['a note that is none', job({ body: { text: '{}', note: 5 } })],
  ])('started by hand with %s: silent, and it ends', async (_, given) => {
    expect(await byHand(given)).toMatchObject(silent)
  })

  test('(by hand it does send, so that the tests above can fail)', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    expect(await byHand(job({ url: receiver.endpoint }))).toMatchObject(silent)
    expect(receiver.requests.map(({ body }) => body)).toEqual(['{}'])
  })

  test('ends at its bound when the server never answers', async () => {
    const { endpoint, connected } = await startHanging()
    const ended = byHand(job({ url: endpoint, timeoutMs: 300 }))
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

describe.runIf(process.platform === 'linux')('whatever there is to say, the helper can be told', () => {
  async function consented() {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    return { world, receiver }
  }
  const begun = (world: World) => world.files().filter(path => /!\d+$/.test(path))

  test.each([
    ['one by one', 1],
    ['all by one command', 128],
  ])('128 series with attributes as long as they can be, %s: a body carries all', async (_, step) => {
    const { world, receiver } = await consented()
    const script = (from: number, to: number) => `
      import { initTelemetry } from 'otlp-tally'
      const { trackEvent } = initTelemetry({ name: 'trix', version: '0.19.3' })
      const long = Object.fromEntries(Array.from({ length: 7 }, (_, i) => ['A'.repeat(63) + i, 'B'.repeat(64)]))
      for (let i = ${from}; i < ${to}; i++) trackEvent('cup_brewed', { ...long, number: 'n' + i })`
    // What is counted with telemetry on and cannot be delivered is in the next body.
    const offline = { TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:65009' }
    for (let from = 0; from < 128; from += 32 * step)
      expect(await world.script(script(from, Math.min(128, from + 32 * step)), offline)).toMatchObject({
        status: 0,
        stderr: '',
      })
    await helpersEnded(world)
    expect(begun(world)).toEqual([])
    expect(await world.script(script(0, step))).toMatchObject({ status: 0, stderr: '' })
    await receiver.arrived(1)
    const said = (body: string) =>
      [...body.matchAll(/"number","value":\{"stringValue":"n(\d+)"\}.*?"asInt":"(\d+)"/g)]
        .map(([, number, value]) => `${number}: ${value}`)
        .sort()
    const all = (value: (index: number) => number[]) =>
      Array.from({ length: 128 }, (_, index) => value(index).map(one => `${index}: ${one}`))
        .flat()
        .sort()
    expect(said(receiver.requests[0]!.body)).toEqual(all(index => [0, index < step ? 2 : 1]))
    // More than a variable of the environment can hold.
    expect(receiver.requests[0]!.body.length).toBeGreaterThan(2 * 131_072)
    await until(() => begun(world).length === 128)
    await world.script(script(0, step))
    await receiver.arrived(2)
    expect(said(receiver.requests[1]!.body)).toEqual(all(index => [index < step ? 3 : 1]))
  })

  /** A tool with so many names that no variable of the environment could hold them. */
  const listing = (code: string, more = '', length = 4000) => `
    import { initTelemetry } from 'otlp-tally'
    const many = Array.from({ length: ${length} }, (_, i) => 'c' + i + 'x'.repeat(58))
    const { trackCommand, trackEvent, flushTelemetry } = initTelemetry({
      name: 'trix', version: '0.19.3',
      commands: ['build', 'check', 'test', ...many], events: { cup_brewed: { size: many, decaf: Boolean } },
      ${more}
    })
    ${code}`

  test('lists that are longer than its job can be: what the command has counted itself arrives', async () => {
    const { world, receiver } = await consented()
    const event = "trackEvent('cup_brewed', { decaf: true, size: many[3999] })"
    for (const code of [
      "trackCommand('build')",
      `trackCommand('check'); ${event}`,
      "trackCommand(many[7]); trackCommand('nobody')",
      "trackCommand('build')",
    ]) {
      expect(await world.script(listing(code))).toMatchObject({ status: 0, stderr: '' })
      await helpersEnded(world)
    }
    const said = receiver.requests.map(({ body }) => counts([{ body } as never]))
    const seventh = `c7${'x'.repeat(58)}`
    expect(said).toEqual([{ build: 1 }, { check: 1 }, { [seventh]: 1, unknown: 1 }, { build: 2 }])
    expect(counts(receiver.requests, 'cup_brewed')).toEqual({ [`true,c3999${'x'.repeat(58)}`]: 1 })
    expect(begun(world)).toHaveLength(5)
    // By a short list again all that is in it.
    const lists = "commands: ['build', 'check'], events: {},"
    await world.script(listing("trackCommand('build')", lists))
    await helpersEnded(world)
    expect(counts(receiver.requests.slice(-1))).toEqual({ build: 3, check: 1, unknown: 1 })
    expect(receiver.requests).toHaveLength(5)
  })

  test.each([
    ["in the command's own process", "delivery: 'inline',", "trackCommand('build')"],
    [
      'where it ends while its request is under way',
      "delivery: 'inline',",
      "trackCommand('build'); setTimeout(() => process.exit(), 20)",
    ],
    ['as deltas', "temporality: 'delta',", "trackCommand('build')"],
    ['as deltas, awaited', "temporality: 'delta',", "trackCommand('build'); await flushTelemetry()"],
  ])('such lists, %s', async (_, options, code) => {
    const { world, receiver } = await consented()
    expect(await world.script(listing(code, options))).toMatchObject({ status: 0, stderr: '' })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('in no more than Windows allows for a variable', async () => {
    const lengths: number[] = []
    for (const length of [150, 210, 230, 250, 400, 4000]) {
      for (const code of ["trackCommand('build')", 'for (let i = 0; i < 128; i++) trackCommand(many[i])']) {
        const { connected, world } = await waiting()
        await world.script(listing(code, '', length))
        await connected
        const [pid] = helpers(world.home)
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
        const [job] = environment.filter(entry => entry.startsWith('OTLP_TALLY_HELPER='))
        lengths.push(job!.length)
        killHelpers(world)
      }
    }
    expect(Math.max(...lengths)).toBeLessThan(32_767)
    // And no shorter than it has to be.
    expect(Math.max(...lengths)).toBeGreaterThan(25_000)
  })
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

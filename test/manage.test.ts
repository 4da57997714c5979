import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { counts, startReceiver } from './receiver.ts'
import { strictDecode } from './strict-decode.ts'
import { makeWorld, runProcess, type World } from './world.ts'

/** Three builds and a check by one version, an init by another: for the user alone, or sent to where nothing listens. */
async function used(mode: 'local' | 'on' = 'local'): Promise<World> {
  const world = makeWorld({ TRIX_TELEMETRY: mode, TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
  for (const command of ['build', 'build', 'check', 'build']) await world.tool([command])
  await world.tool(['init'], { TRIX_VERSION: '0.18.0' })
  return world
}

const telemetry = (world: World, ...args: string[]) => world.tool(['telemetry', ...args])

/** What a helper notes of its own (`!`) may come at any time. */
const isCount = (file: string) => !file.includes('!')

/** Every file of the home with what is in it. */
const contents = (world: World) =>
  Object.fromEntries(world.files().map(file => [file, readFileSync(join(world.home, file), 'utf8')]))

describe('preview', () => {
  test('shows the body that the next run then sends, but for the time', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await world.tool(['build'])
    await world.tool(['check'])
    await receiver.arrived(2)
    const before = contents(world)
    const { status, stdout, stderr } = await telemetry(world, 'preview')
    expect(status).toBe(0)
    expect(stderr).toMatch(/^When "trix check" is run, this is sent to/)
    expect(world.files().filter(isCount)).toEqual(Object.keys(before).filter(isCount))
    expect(receiver.requests).toHaveLength(2)
    await world.tool(['check'])
    const { body } = (await receiver.arrived(3))[2]!
    // A command's own series come first, which no receiver looks at.
    const timeless = (text: string) => JSON.parse(text.replace(/"timeUnixNano":\s*"\d+",/g, ''))
    const points = (text: string) =>
      timeless(text).resourceMetrics[0].scopeMetrics[0].metrics[0].sum.dataPoints
    expect(points(stdout)).toEqual(expect.arrayContaining(points(body)))
    expect(timeless(stdout).resourceMetrics[0].resource).toEqual(timeless(body).resourceMetrics[0].resource)
    expect(JSON.stringify(timeless(stdout))).toHaveLength(JSON.stringify(timeless(body)).length)
  })

  test('says a sentence on each field of the body', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    await world.script(`
      import { initTelemetry, trackEvent } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:9', resourceAttributes: { 'os.type': 'linux' } })
      trackEvent('safety_triggered', { risk_level: 'high' })
    `)
    const { stdout, stderr } = await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '0.19.3', resourceAttributes: { 'os.type': 'linux' } })
      await runTelemetryCommand(['preview', 'build'])
    `)
    const keys = [...stdout.matchAll(/"(?:key|name)": "([^"]+)"|"(\w+UnixNano|asInt)"/g)].map(
      ([, key, field]) => key ?? field,
    )
    expect(new Set(keys)).toContain('risk_level')
    for (const key of new Set(keys)) {
      if (key !== 'otlp-tally') expect(stderr).toMatch(new RegExp(`^  ${key} +\\S`, 'm'))
    }
    expect(stderr).toMatch(/^ {2}otlp-tally-shard +a header: the first four digits of user\.fingerprint/m)
  })

  test.each([
    ['DO_NOT_TRACK is set', { DO_NOT_TRACK: '1' }],
    ['is not an http(s) URL', { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'localhost' }],
  ])('shows it all the same when nothing is sent: %s', async (reason, env: Record<string, string>) => {
    const world = makeWorld(env)
    const { stdout, stderr } = await telemetry(world, 'preview', 'build')
    expect(stderr.replace(/\s+/g, ' ')).toContain(reason)
    expect(stderr).toContain('nothing is sent')
    expect(counts([{ body: stdout } as never])).toEqual({ build: 1 })
    expect(world.files()).toEqual([])
  })

  test('without a name shows the command that was run last, and not what was mistyped since', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    const shown = async () => /When "trix (\w+)"/.exec((await telemetry(world, 'preview')).stderr)?.[1]
    await world.tool(['bild'])
    expect(await shown()).toBe('init')
    await world.tool(['build'])
    await world.tool(['bild'])
    expect(await shown()).toBe('build')
  })

  test('refuses what could not be counted', async () => {
    const result = await telemetry(makeWorld(), 'preview', '/etc/passwd')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain('"/etc/passwd": expected')
  })
})

describe('preview --all', () => {
  const all = (options: string) => `
    import { initTelemetry } from 'otlp-tally'
    import { runTelemetryCommand } from 'otlp-tally/cli'
    initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', ${options} })
    process.exitCode = await runTelemetryCommand(['preview', '--all'])`

  test('lists every name and value that can ever be sent', async () => {
    const world = makeWorld()
    const { status, stdout, stderr } = await world.script(
      all(`commands: ['init', 'db migrate'], failures: true, agents: true, headers: { 'x-token': 'secret' },
        events: { cup_brewed: { size: ['small', 'large'], decaf: Boolean } }, resourceAttributes: { 'os.type': 'linux' }`),
    )
    expect([status, stderr]).toEqual([0, ''])
    const text = stdout.replace(/\s+/g, ' ')
    for (const said of [
      ...['command_name init, db migrate, unknown (whatever', 'command_failure the command ended'],
      ...['agent claude, codex,', 'other; only where one runs', 'size small, large', 'decaf true, false'],
      ...['os.type linux', 'x-token set for this endpoint; not shown', 'Nothing else can be sent.'],
    ])
      expect(text).toContain(said)
    expect(stdout).not.toContain('secret')
    expect(world.files()).toEqual([])
  })

  test('claims nothing that an alphabet cannot promise', async () => {
    const { stdout } = await makeWorld().script(all(''))
    const text = stdout.replace(/\s+/g, ' ')
    expect(text).toContain('trix gives no list of its commands or its events')
    expect(text).toContain('but not a short word that is passed by mistake')
    expect(text).not.toContain('Nothing else can be sent')
  })
})

describe('export', () => {
  test('csv has a line for each invocation of every version, oldest first', async () => {
    const { stdout } = await telemetry(await used(), 'export', '--format', 'csv')
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toBe('time,version,metric,attributes')
    expect(rows.map(row => row.slice(25))).toEqual([
      '0.19.3,command_invocation,command_name=build',
      '0.19.3,command_invocation,command_name=build',
      '0.19.3,command_invocation,command_name=check',
      '0.19.3,command_invocation,command_name=build',
      '0.18.0,command_invocation,command_name=init',
    ])
    const times = rows.map(row => Date.parse(row.slice(0, 24)))
    expect(times).toEqual([...times].sort())
    expect(Date.now() - times[0]!).toBeLessThan(60_000)
  })

  test('json has all that is stored', async () => {
    const world = await used()
    const { stdout } = await telemetry(world, 'export')
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'trix',
      fingerprint: null,
      notice: { version: 0, shown: null },
      streams: [
        {
          version: '0.19.3',
          local: true,
          instance: null,
          series: [
            { attributes: { command_name: 'build' }, times: [{}, {}, {}].map(() => expect.any(String)) },
            { attributes: { command_name: 'check' }, setAside: false, times: [expect.any(String)] },
          ],
        },
        { version: '0.18.0', series: [{ attributes: { command_name: 'init' } }] },
      ],
    })
  })

  test('otlp is a valid request per line, with the count and the identity that would be sent', async () => {
    const world = await used('on')
    const { stdout } = await telemetry(world, 'export', '-f', 'otlp')
    const lines = stdout.trimEnd().split('\n')
    for (const line of lines) strictDecode(JSON.parse(line))
    expect(counts(lines.map(body => ({ body })) as never)).toEqual({ build: 3, check: 1, init: 1 })
    const preview = await telemetry(world, 'preview', 'build')
    const resource = (text: string) => JSON.parse(text).resourceMetrics[0].resource
    expect(resource(lines[0]!)).toEqual(resource(preview.stdout))
  })

  test('otlp makes the ids that local counts lack, once, because a person wants to send them', async () => {
    const world = await used()
    expect(world.files().filter(file => /fingerprint|instance/.test(file))).toEqual([])
    const first = await telemetry(world, 'export', '-f', 'otlp')
    const lines = first.stdout.trimEnd().split('\n')
    expect(counts(lines.map(body => ({ body })) as never)).toEqual({ build: 3, check: 1, init: 1 })
    const resources = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).resourceMetrics[0].resource)
    const second = await telemetry(world, 'export', '-f', 'otlp')
    expect(resources(second.stdout)).toEqual(resources(first.stdout))
    await world.tool(['build'])
    const [current] = JSON.parse((await telemetry(world, 'export')).stdout).streams
    expect(current).toMatchObject({ local: true, instance: expect.any(String) })
    expect(current.series[0].times).toHaveLength(4)
  })

  test('a tally that was set aside is not lost: a request of its own, before the one that follows it', async () => {
    const world = await used()
    const [stream] = readdirSync(join(world.state, 'local')).filter(name => name.startsWith('0.19.3'))
    const folder = join(world.state, 'local', stream!, 'command_invocation')
    writeFileSync(join(folder, 'command_name=build~'), '1795206980883\n')
    writeFileSync(join(folder, 'command_name=build~1795206980890-x1'), '1795206980884\n')
    const { stdout } = await telemetry(world, 'export', '-f', 'otlp')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(4)
    expect(counts([{ body: lines[0]! } as never])).toEqual({ build: 1 })
    expect(counts(lines.map(body => ({ body })) as never)).toEqual({ build: 5, check: 1, init: 1 })
  })

  test('writes a file, and never over another without --force', async () => {
    const world = await used()
    const file = join(world.cwd, 'usage.csv')
    const args = ['export', '-f', 'csv', '-o', file]
    expect(await telemetry(world, ...args)).toMatchObject({
      status: 0,
      stdout: '',
      stderr: `5 invocations of trix written to ${file}\n`,
    })
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(7)
    writeFileSync(file, 'mine')
    const refused = await telemetry(world, ...args)
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toContain('already exists; use --force to overwrite it')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(await telemetry(world, ...args, '--force')).toMatchObject({ status: 0 })
    expect(readFileSync(file, 'utf8')).toMatch(/^time,/)
  })

  test.each([
    ['a folder that is not there', 'none/usage.csv', /its folder does not exist/],
    ['a folder', '.', /not a regular file/],
    ['a device', '/dev/full', /not a regular file/],
  ])('into %s says why not, and leaves nothing half-written', async (_, file, reason) => {
    const world = await used()
    const result = await telemetry(world, 'export', '-o', file, '--force')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toMatch(reason)
    expect(readdirSync(world.cwd)).toEqual(['hello.json'])
  })

  test('of a state that cannot be read is refused, for it would look as if it had never been', async () => {
    const world = await used()
    mkdirSync(join(world.state, 'fingerprint'))
    const result = await telemetry(world, 'export')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('not a regular file')
  })

  test('of nothing is empty, and of an unknown format is exit code 2', async () => {
    const world = makeWorld()
    expect((await telemetry(world, 'export', '-f', 'csv')).stdout).toBe('time,version,metric,attributes\n')
    expect((await telemetry(world, 'export', '-f', 'otlp')).stdout).toBe('')
    expect(await telemetry(world, 'export', '-f', 'xml')).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('clear', () => {
  test('without a terminal wants --yes, and removes nothing without it', async () => {
    const world = await used()
    const before = contents(world)
    const result = await telemetry(world, 'clear')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('nothing was removed: confirm with --yes when there is no terminal')
    expect(contents(world)).toEqual(before)
  })

  test('removes the tallies; the next invocation begins a new stream of the same installation', async () => {
    const world = await used('on')
    const fingerprint = readFileSync(join(world.state, 'fingerprint'), 'utf8')
    const [{ instance }] = JSON.parse((await telemetry(world, 'export')).stdout).streams
    expect(await telemetry(world, 'clear', '--yes')).toMatchObject({
      status: 0,
      stdout: 'trix telemetry: removed 5 invocations in 3 series of 2 versions\n',
    })
    expect(world.files()).toEqual(['.local/state/trix/fingerprint'])
    await world.tool(['build'])
    expect(readFileSync(join(world.state, 'fingerprint'), 'utf8')).toBe(fingerprint)
    const [stream] = JSON.parse((await telemetry(world, 'export')).stdout).streams
    expect(stream.series[0].times).toHaveLength(1)
    expect(stream.instance).not.toBe(instance)
  })

  test('--all makes a new identity, and forgets no opt-out', async () => {
    const world = await used('on')
    writeFileSync(join(world.state, 'notice'), '1\n')
    world.writeConfig('[telemetry]\nenabled = false\n')
    expect(await telemetry(world, 'clear', '--all', '-y')).toMatchObject({
      stdout:
        'trix telemetry: removed 5 invocations in 3 series of 2 versions, the installation id and the mark that the notice was seen\n',
    })
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    expect(await telemetry(world, 'clear', '--all', '-y')).toMatchObject({
      status: 0,
      stdout: 'trix telemetry: there is nothing to remove\n',
    })
  })

  test('--all mends a fingerprint that nobody can read', async () => {
    const world = await used()
    writeFileSync(join(world.state, 'fingerprint'), 'scribbled')
    expect(await telemetry(world, 'clear', '--all', '--yes')).toMatchObject({ status: 0 })
    expect(world.files()).toEqual([])
  })

  test("leaves alone whatever else lies in a home that is the tool's own", async () => {
    const world = makeWorld()
    const home = join(world.home, '.tx3')
    mkdirSync(home)
    writeFileSync(join(home, 'wallet'), 'precious')
    const init = `initTelemetry({ name: 'trix', version: '1.0.0', home: '~/.tx3' })`
    await world.script(
      `import { initTelemetry, trackCommand } from 'otlp-tally'\n${init}\ntrackCommand('build')`,
      { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' },
    )
    expect(existsSync(join(home, 'fingerprint'))).toBe(true)
    await world.script(`
      import { initTelemetry } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      ${init}
      process.exitCode = await runTelemetryCommand(['clear', '--all', '--yes'])`)
    expect(readdirSync(home)).toEqual(['wallet'])
  })

  test('does not follow a link out of the state folder', async () => {
    const world = await used()
    const outside = join(world.cwd, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'mine'), '')
    symlinkSync(outside, join(world.state, 'local', '1.0.0-00000000'))
    await telemetry(world, 'clear', '--yes')
    expect(readdirSync(outside)).toEqual(['mine'])
  })
})

describe('clear removes everything that it says', () => {
  test('also a dangling link, and what an interrupted one has left', async () => {
    const world = await used()
    const [stream = ''] = readdirSync(join(world.state, 'local'))
    symlinkSync('/nowhere', join(world.state, 'local', stream, 'command_invocation', 'command_name=dangling'))
    symlinkSync('/nowhere', join(world.state, 'local', '1.0.0-00000000'))
    for (const name of ['tallies~4242', 'local~7-0']) {
      mkdirSync(join(world.state, name, 'x'), { recursive: true })
      writeFileSync(join(world.state, name, 'x', 'instance'), '')
    }
    const { status, stdout } = await telemetry(world, 'clear', '--yes')
    expect([status, stdout]).toEqual([0, expect.stringContaining('left by an interruption')])
    expect(readdirSync(world.state)).toEqual([])
  })

  test.runIf(process.geteuid?.() === 0)('or says what is left, and fails', async () => {
    const world = await used()
    // A folder that not even root can empty.
    const script =
      'mkdir -p "$1/local/2.0.0-00000000/m" && mount -t tmpfs none "$1/local/2.0.0-00000000/m" && shift && exec "$@"'
    const tool = [process.execPath, join(import.meta.dirname, '../examples/tool.js')]
    const args = ['-m', 'sh', '-c', script, 'sh', world.state, ...tool, 'telemetry', 'clear', '--yes']
    const { status, stderr } = await runProcess('unshare', args, world)
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^trix telemetry: not all of it could be removed\. Left: .*local~.*EBUSY/),
    ])
  })
})

describe('disable ends the installation', () => {
  test('removes every id and what was to be sent, prints the id once; enable begins another', async () => {
    const world = await used('on')
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    await telemetry(world, 'export', '-f', 'otlp') // which makes an id for the local stream too
    const id = readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64)
    writeFileSync(join(world.state, 'fingerprint~1795206980890-x1'), `${id}\n`)
    const env = { TRIX_TELEMETRY: 'log' }
    const { status, stdout } = await world.tool(['telemetry', 'disable'], env)
    expect(status).toBe(0)
    expect(stdout).toContain(`The id was ${id}.\n`)
    expect(stdout).toContain('Removed: the installation id, and 5 invocations counted under it.')
    expect(stdout).toContain('1 invocation counted for you alone: kept until "trix telemetry clear"')
    for (const [file, text] of Object.entries(contents(world))) {
      expect(file).toMatch(/config\.toml$|\/local\//)
      expect(text).not.toMatch(/[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-/)
    }
    expect((await world.tool(['telemetry', 'disable'], env)).stdout).not.toContain('The id was')
    await world.tool(['telemetry', 'enable'])
    await world.tool(['build'])
    expect(readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64)).not.toBe(id)
    const { streams } = JSON.parse((await telemetry(world, 'export')).stdout)
    const sent = streams.filter(({ local }: { local: boolean }) => !local)
    expect(sent).toMatchObject([{ series: [{ times: [expect.any(String)] }] }])
  })

  test('that cannot be written removes them where it is off anyway, and leaves them where it is not', async () => {
    const world = await used('on')
    world.writeConfig('[telemetry]\nenabled = tru\n')
    const broken = await telemetry(world, 'disable')
    expect(broken).toMatchObject({ status: 1, stdout: '' })
    expect(broken.stderr).toContain('was not changed: line 2, column 11')
    expect(broken.stderr).toMatch(/trix telemetry is off all the same: .*config\.toml: line 2/)
    expect(broken.stderr).toContain('Removed: the installation id')
    expect(world.files()).toEqual(['.config/trix/config.toml'])

    const other = await used('on')
    other.writeConfig('[telemetry]\nenabled = true\n')
    chmodSync(other.config, 0o444)
    const refused = await telemetry(other, 'disable')
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toContain('trix telemetry is NOT off, but on: TRIX_TELEMETRY is "on"')
    expect(other.files().join()).toContain('fingerprint')
  })

  test('an opt-out by the environment removes nothing', async () => {
    const world = await used('on')
    const before = world.files().filter(isCount)
    await world.tool(['build'], { DO_NOT_TRACK: '1' })
    await world.tool(['build'], { TRIX_TELEMETRY: 'off' })
    expect(world.files().filter(isCount)).toEqual(before)
  })
})

describe('managing telemetry is never counted', () => {
  test('not even by a tool that counts in a hook which sees every command; and opting out sends nothing', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    world.writeConfig('[telemetry]\nenabled = true\n')
    const { status } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0' })
      for (const name of ['telemetry', 'telemetry disable', 'telemetry:disable', '--help', '-v']) trackCommand(name)
      process.exitCode = await runTelemetryCommand(['disable'])
    `)
    expect(status).toBe(0)
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('what was counted before in the same process is not sent', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    world.writeConfig('[telemetry]\nenabled = true\n')
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0' })
      trackCommand('shell')
      await runTelemetryCommand(['disable'])
      trackCommand('build')
    `)
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('a command of which the name only begins like it is counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009' })
      trackCommand('telemetry-server')
      trackCommand('telemetry status')
    `)
    expect(stderr).toContain('"stringValue":"telemetry-server"')
    expect(stderr).toContain('"telemetry status": flags and the telemetry command are never counted')
  })
})

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counts, startReceiver } from './receiver.ts'
import { strictDecode } from './strict-decode.ts'
import { makeWorld, type World } from './world.ts'

/** Three builds and a check by one version, an init by another. */
async function used(): Promise<World> {
  const world = makeWorld({ TRIX_TELEMETRY: 'local' })
  for (const command of ['build', 'build', 'check', 'build']) await world.tool([command])
  await world.tool(['init'], { TRIX_VERSION: '0.18.0' })
  return world
}

const telemetry = (world: World, ...args: string[]) => world.tool(['telemetry', ...args])

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
    expect(contents(world)).toEqual(before)
    expect(receiver.requests).toHaveLength(2)
    await world.tool(['check'])
    const { body } = (await receiver.arrived(3))[2]!
    const timeless = (text: string) => text.replace(/"timeUnixNano":"\d+"/g, '')
    expect(timeless(JSON.stringify(JSON.parse(stdout)))).toBe(timeless(body))
  })

  test('says a sentence on each field of the body', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    await world.script(`
      import { initTelemetry, trackEvent } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '0.19.3', resourceAttributes: { 'os.type': 'linux' } })
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

  test('refuses what could not be counted', async () => {
    const result = await telemetry(makeWorld(), 'preview', '/etc/passwd')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain('"/etc/passwd": expected')
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
      fingerprint: readFileSync(join(world.state, 'fingerprint'), 'utf8').trim(),
      notice: { version: 0, shown: null },
      streams: [
        {
          version: '0.19.3',
          series: [
            { attributes: { command_name: 'build' }, times: [{}, {}, {}].map(() => expect.any(String)) },
            { attributes: { command_name: 'check' }, setAside: false, times: [expect.any(String)] },
          ],
        },
        { version: '0.18.0', series: [{ attributes: { command_name: 'init' } }] },
      ],
    })
  })

  test('otlp is a valid request a line, with the count and the identity that would be sent', async () => {
    const world = await used()
    const { stdout } = await telemetry(world, 'export', '-f', 'otlp')
    const lines = stdout.trimEnd().split('\n')
    for (const line of lines) strictDecode(JSON.parse(line))
    expect(counts(lines.map(body => ({ body })) as never)).toEqual({ build: 3, check: 1, init: 1 })
    const preview = await telemetry(world, 'preview', 'build')
    const resource = (text: string) => JSON.parse(text).resourceMetrics[0].resource
    expect(resource(lines[0]!)).toEqual(resource(preview.stdout))
  })

  test('a tally that was set aside is not lost: a request of its own, before the one that follows it', async () => {
    const world = await used()
    const [stream] = readdirSync(join(world.state, 'tallies')).filter(name => name.startsWith('0.19.3'))
    const folder = join(world.state, 'tallies', stream!, 'command_invocation')
    writeFileSync(join(folder, 'command_name=build~'), '1795206980883\n1795206980884\n')
    const { stdout } = await telemetry(world, 'export', '-f', 'otlp')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(counts([{ body: lines[0]! } as never])).toEqual({ build: 2 })
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
    expect(refused.stderr).toContain('it is there already; --force replaces it')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(await telemetry(world, ...args, '--force')).toMatchObject({ status: 0 })
    expect(readFileSync(file, 'utf8')).toMatch(/^time,/)
  })

  test.each([
    ['a folder that is not there', 'none/usage.csv', /ENOENT/],
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
    writeFileSync(join(world.state, 'fingerprint'), 'scribbled')
    const result = await telemetry(world, 'export')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('64 hex digits')
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
    expect(result.stderr).toContain('nothing was removed; --yes does it')
    expect(contents(world)).toEqual(before)
  })

  test('removes the tallies; the next invocation begins a new stream of the same installation', async () => {
    const world = await used()
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
    const world = await used()
    writeFileSync(join(world.state, 'notice'), '1\n')
    await telemetry(world, 'disable')
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
      { TRIX_TELEMETRY: 'local' },
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
    symlinkSync(outside, join(world.state, 'tallies', '1.0.0-00000000'))
    await telemetry(world, 'clear', '--yes')
    expect(readdirSync(outside)).toEqual(['mine'])
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
    expect(receiver.requests).toEqual([])
  })

  test('what was counted before in the same process is kept, and not sent', async () => {
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
    expect(world.files().join()).toContain('command_name=shell')
    expect(world.files().join()).not.toContain('command_name=build')
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

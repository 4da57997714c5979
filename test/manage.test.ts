import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { closedEndpoint } from './loopback.ts'
import { isRoot } from './machine.ts'
import { TOOL } from './paths.ts'
import { consentedUser, counts, startReceiver, userWithReceiver } from './receiver.ts'
import { strictDecode } from './strict-decode.ts'
import { makeWorld, runProcess, type World } from './world.ts'

/** A user with three builds and a check by one version, and an init by another: counted for the user alone, or not sent yet. */
async function userWithCounts(mode: 'local' | 'on' = 'local'): Promise<World> {
  const world = makeWorld({ TRIX_TELEMETRY: mode, TRIX_TELEMETRY_ENDPOINT: await closedEndpoint() })
  const count = (version: string, ...commands: string[]) =>
    world.script(`
      import { initTelemetry } from 'otlp-tally'
      const { trackCommand } = initTelemetry({
        name: 'trix', version: '${version}', endpoint: 'http://127.0.0.1:4318', commands: ['init', 'check', 'build', 'test'] })
      for (const command of ${JSON.stringify(commands)}) {
        trackCommand(command)
        await new Promise(resolve => setTimeout(resolve, 2)) // each has a time of its own
      }`)
  await count('0.19.3', 'build', 'build', 'check', 'build')
  await count('0.18.0', 'init')
  await helpersEnded(world)
  return world
}

const telemetry = (world: World, ...args: string[]) => world.tool(['telemetry', ...args])
const isFingerprint = (file: string) => file.endsWith('/fingerprint')

/** Every file of the home with what is in it. */
const contents = (world: World) =>
  Object.fromEntries(world.files().map(file => [file, readFileSync(join(world.home, file), 'utf8')]))

/** A program with these options that runs one telemetry command. */
const managed = (options: string, args: string[]) => `
  import { initTelemetry } from 'otlp-tally'
  import { runTelemetryCommand } from 'otlp-tally/cli'
  initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', ${options} })
  process.exitCode = await runTelemetryCommand(${JSON.stringify(args)})`

describe('preview', () => {
  test('--raw is the body that the next run sends, but for its time', async () => {
    const { world, receiver } = await consentedUser()
    await world.tool(['build'])
    await helpersEnded(world)
    await world.tool(['check'])
    await helpersEnded(world)
    const before = contents(world)
    const { status, stdout, stderr } = await telemetry(world, 'preview', 'check', '--raw')
    expect([status, stderr]).toEqual([0, ''])
    expect(contents(world)).toEqual(before)
    expect(receiver.requests).toHaveLength(2)
    await world.tool(['check'])
    const { body } = (await receiver.arrived(3))[2]!
    const timeless = (text: string) => JSON.parse(text.replace(/"timeUnixNano":\s*"\d+",/g, ''))
    expect(timeless(stdout)).toEqual(timeless(body))
    await helpersEnded(world)
  })

  test('explains first: each count, each constant with its value, a sentence for each field', async () => {
    const world = await userWithCounts('on')
    const { stdout, stderr } = await telemetry(world, 'preview')
    expect(stderr).toBe('')
    expect(stdout).toMatch(
      /^When "trix build" is run, this is sent to http:\/\/127\.0\.0\.1:\d+\/v1\/metrics:\n\n/,
    )
    expect(stdout).toMatch(/^ {2}build +4, since \d{4}-\d\d-\d\dT[\d:]+Z\n {2}check +1, since /m)
    expect(stdout).toMatch(/^ {2}service\.version +0\.19\.3 \(.+\)$/m)
    expect(stdout).toMatch(/^ {2}user\.fingerprint +[0-9a-f]{64} \(/m)
    expect(stdout).not.toContain('{"')
    const raw = (await telemetry(world, 'preview', '--raw')).stdout
    const keys = [...raw.matchAll(/"(?:key|name)":"([^"]+)"|"(\w+UnixNano|asInt)"/g)].map(
      ([, key, field]) => key ?? field,
    )
    for (const key of new Set(keys)) {
      if (key !== 'otlp-tally') expect(stdout).toMatch(new RegExp(`^  ${key} +\\S`, 'm'))
    }
    expect(stdout).toMatch(/^ {2}otlp-tally-shard +a header: the first four digits of user\.fingerprint/m)
  })

  test.each([
    ['DO_NOT_TRACK is set', { DO_NOT_TRACK: '1' }],
    ['is no http(s) URL', { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: 'localhost' }],
  ])(
    'shows the body where nothing is sent, says why, and makes no id: %s',
    async (reason, env: Record<string, string>) => {
      const world = makeWorld(env)
      const { stdout } = await telemetry(world, 'preview', 'build')
      expect(stdout).toContain(reason)
      expect(stdout).toContain('nothing is sent')
      expect(stdout).toMatch(/service\.instance\.id +made with the first count/)
      expect(stdout).toMatch(/user\.fingerprint +made with the first count/)
      expect(
        counts([{ body: (await telemetry(world, 'preview', 'build', '--raw')).stdout } as never]),
      ).toEqual({
        build: 1,
      })
      expect(world.files()).toEqual([])
    },
  )

  test('without a name shows the command that was run last, and no mistyped one', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: await closedEndpoint() })
    const shown = async () => /When "trix (\w+)"/.exec((await telemetry(world, 'preview')).stdout)?.[1]
    await world.tool(['bild'])
    expect(await shown()).toBe('init')
    await world.tool(['build'])
    await world.tool(['bild'])
    expect(await shown()).toBe('build')
    await helpersEnded(world)
  })

  test('says that a command that is not in the list is counted as unknown, and refuses what is no name', async () => {
    const world = makeWorld()
    const unknown = await telemetry(world, 'preview', 'bild')
    expect(unknown.status).toBe(0)
    expect(unknown.stdout).toContain('"bild" is not in the list of commands: it is counted as "unknown".\n')
    expect(unknown.stdout).toMatch(/^ {2}unknown +1, since /m)
    for (const name of ['/etc/passwd', 'a'.repeat(65), 'two  words']) {
      const result = await telemetry(world, 'preview', name)
      expect(result).toMatchObject({ status: 2, stdout: '' })
      expect(result.stderr).toContain('is not the name of a command\n')
    }
  })
})

describe('preview --all', () => {
  const OPTIONS = `commands: ['init', 'db migrate'], failures: true, agents: true, environment: true,
    headers: { 'x-token': 'secret' }, events: { cup_brewed: { size: ['small', 'large'], decaf: Boolean } },
    resourceAttributes: { department: 'x' }`

  test('lists every name and value that can ever be sent, ids, times and headers', async () => {
    const world = makeWorld()
    const { status, stdout, stderr } = await world.script(managed(OPTIONS, ['preview', '--all']))
    expect([status, stderr]).toEqual([0, ''])
    const text = stdout.replace(/\s+/g, ' ')
    for (const said of [
      ...[
        'command_name init, db migrate, unknown (what',
        'command_failure Failed invocations of trix by command.',
      ],
      ...['agent claude, codex,', 'other; only where one shows', 'size small, large', 'decaf true, false'],
      ...['department x', 'x-token set for this endpoint; not shown', 'os.type aix, ', 'accept-language *'],
      ...['service.instance.id a random id', 'user.fingerprint a random id', 'timeUnixNano when it was sent'],
      'Nothing else can be sent.',
    ])
      expect(text).toContain(said)
    expect(stdout).not.toContain('secret')
    expect(world.files()).toEqual([])
  })

  test('--json says the same to a program', async () => {
    const { stdout } = await makeWorld().script(managed(OPTIONS, ['preview', '--all', '--json']))
    const ofCommands = {
      command_name: ['init', 'db migrate', 'unknown'],
      agent: expect.arrayContaining(['claude', 'other']),
    }
    expect(JSON.parse(stdout)).toEqual({
      ...{ name: 'trix', version: '1.0.0', url: 'http://127.0.0.1:9/v1/metrics' },
      headers: expect.arrayContaining([
        'content-type',
        'user-agent',
        'otlp-tally-shard',
        'x-token',
        'accept',
      ]),
      resource: {
        'service.name': ['trix'],
        'service.version': ['1.0.0'],
        'service.instance.id': 'uuid',
        'user.fingerprint': '64 hex digits',
        'os.type': expect.arrayContaining(['linux', 'darwin', 'windows']),
        'host.arch': expect.arrayContaining(['amd64', 'arm64']),
        'process.runtime.name': ['bun', 'deno', 'nodejs'],
        'process.runtime.version': 'whole number',
        department: ['x'],
      },
      metrics: {
        command_invocation: { unit: '{invocation}', attributes: ofCommands },
        command_failure: { unit: '{invocation}', attributes: ofCommands },
        cup_brewed: { unit: '{event}', attributes: { size: ['small', 'large'], decaf: [true, false] } },
      },
    })
  })

  test('has every key, value and header of a request that is really sent', async () => {
    const receiver = await startReceiver()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TO: receiver.endpoint, CLAUDECODE: '1' })
    const init = (args: string) => `
      import { initTelemetry } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      const { trackCommand, trackEvent } = initTelemetry({
        name: 'trix', version: '1.0.0', endpoint: process.env.TO, ${OPTIONS}
      })
      ${args}`
    await world.script(
      init(
        `trackCommand('db migrate'); trackCommand('x'); trackEvent('cup_brewed', { decaf: true }); process.exitCode = 3`,
      ),
    )
    const [first] = await receiver.arrived(1)
    await helpersEnded(world)
    const { stdout } = await world.script(init(`await runTelemetryCommand(['preview', '--all', '--json'])`))
    const all = JSON.parse(stdout)
    expect(all.headers).toEqual(expect.arrayContaining(Object.keys(first!.headers)))
    const fits = (values: unknown, value: unknown) =>
      typeof values === 'string' || (values as unknown[]).includes(value)
    const [{ resource, scopeMetrics }] = JSON.parse(first!.body).resourceMetrics
    const pairs = (attributes: { key: string; value: object }[]) =>
      attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const)
    for (const [key, value] of pairs(resource.attributes))
      expect([key, fits(all.resource[key], value)]).toEqual([key, true])
    const { metrics } = scopeMetrics[0]
    expect(metrics.map(({ name }: { name: string }) => name).sort()).toEqual(Object.keys(all.metrics).sort())
    for (const { name, unit, sum } of metrics) {
      expect(unit).toBe(all.metrics[name].unit)
      for (const { attributes } of sum.dataPoints)
        for (const [key, value] of pairs(attributes))
          expect([key, fits(all.metrics[name].attributes[key], value)]).toEqual([key, true])
    }
  })
})

describe('export', () => {
  test('csv has a line for each run of every version, oldest first', async () => {
    const { stdout } = await telemetry(await userWithCounts(), 'export', '--format', 'csv')
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
    expect(Date.now() - times[0]!).toBeLessThan(600_000)
  })

  test('json has all that is in the logs', async () => {
    const world = await userWithCounts()
    const { stdout } = await telemetry(world, 'export')
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ name: 'trix', fingerprint: null },
      logs: [
        {
          ...{ version: '0.19.3', local: true, instance: expect.stringMatching(/^[0-9a-f-]{36}$/) },
          resource: { 'service.name': 'trix', 'service.version': '0.19.3' },
          series: [
            {
              metric: 'command_invocation',
              kind: 'run',
              attributes: { command_name: 'build' },
              times: [time, time, time],
            },
            { attributes: { command_name: 'check' }, times: [time] },
          ],
        },
        { version: '0.18.0', series: [{ attributes: { command_name: 'init' } }] },
      ],
    })
  })

  test('otlp has a valid request for each log, with the counts and the ids that would be sent', async () => {
    const world = await userWithCounts('on')
    const { stdout } = await telemetry(world, 'export', '-f', 'otlp')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) strictDecode(JSON.parse(line))
    expect(counts(lines.map(body => ({ body })) as never)).toEqual({ build: 3, check: 1, init: 1 })
    const preview = await telemetry(world, 'preview', 'build', '--raw')
    const resource = (text: string) => JSON.parse(text).resourceMetrics[0].resource
    expect(resource(lines[0]!)).toEqual(resource(preview.stdout))
  })

  test('otlp makes a fingerprint for local counts, once; what is sent twice counts once', async () => {
    const world = await userWithCounts()
    expect(world.files().filter(isFingerprint)).toEqual([])
    const first = (await telemetry(world, 'export', '-f', 'otlp')).stdout.trimEnd().split('\n')
    expect(world.files().filter(isFingerprint)).toHaveLength(1)
    await world.tool(['build'])
    const second = (await telemetry(world, 'export', '-f', 'otlp')).stdout.trimEnd().split('\n')
    const bodies = [...first, ...first, ...second].map(body => ({ body })) as never
    expect(counts(bodies)).toEqual({ build: 4, check: 1, init: 1 })
    // No zeros: a later export would begin with one again, and a value that falls is a reset.
    const points = (line: string) =>
      JSON.parse(line).resourceMetrics[0].scopeMetrics[0].metrics[0].sum.dataPoints
    for (const line of [...first, ...second])
      for (const { asInt } of points(line)) expect(Number(asInt)).toBeGreaterThan(0)
    const starts = (lines: string[]) =>
      lines.flatMap(line =>
        points(line).map((point: { startTimeUnixNano: string }) => point.startTimeUnixNano),
      )
    expect(starts(second)).toEqual(starts(first))
  })

  test.each([
    ['DO_NOT_TRACK', { DO_NOT_TRACK: '1' }, 'DO_NOT_TRACK is set'],
    ['the variable', { TRIX_TELEMETRY: 'off' }, 'TRIX_TELEMETRY says no'],
    ['disable', {}, 'you have said no'],
  ])('makes no fingerprint after a no by %s, and says so', async (_, env: Record<string, string>, reason) => {
    const world = await userWithCounts()
    if (!Object.keys(env).length) await telemetry(world, 'disable')
    const before = world.files()
    const result = await world.tool(['telemetry', 'export', '-f', 'otlp'], env)
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain(`none is made while telemetry is off: ${reason}`)
    expect(world.files()).toEqual(before)
    expect(before.filter(isFingerprint)).toEqual([])
  })

  test.each([
    [
      'before it writes',
      'openSync',
      '([path, flags]) => path.endsWith("/fingerprint") && flags & fs.constants.O_RDWR',
    ],
    ['while it writes', 'linkSync', '([, path]) => path.endsWith("/fingerprint")'],
  ])('leaves no fingerprint when `disable` comes %s it', async (_, name, isIt) => {
    const world = await userWithCounts()
    const { status, stdout, stderr } = await world.script(`
      import { execFileSync } from 'node:child_process'
      const fs = process.getBuiltinModule('node:fs')
      const original = fs.${name}
      const disable = [${JSON.stringify(TOOL)}, 'telemetry', 'disable']
      fs.${name} = (...args) => {
        if ((${isIt})(args)) {
          fs.${name} = original
          execFileSync(process.execPath, disable)
        }
        return original(...args)
      }
      ${managed("commands: ['build']", ['export', '-f', 'otlp'])}`)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('telemetry was disabled just now')
    expect(world.files().filter(isFingerprint)).toEqual([])
  })

  test('writes a file, and never over another without --force', async () => {
    const world = await userWithCounts()
    const file = join(world.cwd, 'usage.csv')
    const args = ['export', '-f', 'csv', '-o', file]
    expect(await telemetry(world, ...args)).toMatchObject({
      ...{ status: 0, stdout: '' },
      stderr: `5 counts of trix written to ${file}\n`,
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
  ])('into %s says why it cannot, and writes nothing', async (_, file, reason) => {
    const world = makeWorld()
    const result = await telemetry(world, 'export', '-o', file, '--force')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toMatch(reason)
    expect(readdirSync(world.cwd)).toEqual([])
  })

  test.runIf(isRoot)('says that a log folder cannot be read, and is not empty then', async () => {
    const world = await userWithCounts()
    const line = `chmod 000 "$1" && shift && chown -R 65534 "$HOME/.." &&
      exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"`
    const command = [process.execPath, TOOL, 'telemetry', 'export']
    const result = await runProcess('sh', ['-c', line, 'sh', join(world.state, 'v1'), ...command], world)
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('EACCES')
  })

  test('is empty where nothing was counted', async () => {
    const world = makeWorld()
    expect((await telemetry(world, 'export', '-f', 'csv')).stdout).toBe('time,version,metric,attributes\n')
    expect((await telemetry(world, 'export', '-f', 'otlp')).stdout).toBe('')
  })
})

test('status and report read a log that is larger than their memory', async () => {
  const world = await userWithCounts()
  const [log = ''] = readdirSync(join(world.state, 'v1/local')).filter(name => name.startsWith('0.19.3'))
  const path = join(world.state, 'v1/local', log)
  const record = '\ncommand_invocation,command_name=build 1795813518021'
  writeFileSync(path, record.repeat(1_000_000), { flag: 'a' })
  expect(statSync(path).size).toBeGreaterThan(50e6)
  const limited = { NODE_OPTIONS: '--max-old-space-size=40' }
  const { status, stdout } = await world.tool(['telemetry', 'status'], limited)
  expect([status, stdout]).toEqual([0, expect.stringContaining('1000003  build\n')])
  const report = await world.tool(['telemetry', 'report', '--json'], limited)
  expect(report).toMatchObject({ status: 0, stderr: '' })
})

describe('clear', () => {
  test('without a terminal wants --yes, and removes nothing without it', async () => {
    const world = await userWithCounts()
    const before = contents(world)
    const result = await telemetry(world, 'clear')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain('nothing was removed: confirm with --yes when there is no terminal')
    expect(contents(world)).toEqual(before)
  })

  test('removes the logs; the next run makes a new one with the same fingerprint', async () => {
    const world = await userWithCounts('on')
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    const fingerprint = readFileSync(join(world.state, 'fingerprint'), 'utf8')
    const [{ instance }] = JSON.parse((await telemetry(world, 'export')).stdout).logs
    expect(await telemetry(world, 'clear', '--yes')).toMatchObject({
      ...{ status: 0, stdout: 'trix telemetry: removed 6 counts in 3 logs\n' },
    })
    expect(world.files()).toEqual(['.local/state/trix/fingerprint'])
    await world.tool(['build'])
    await helpersEnded(world)
    expect(readFileSync(join(world.state, 'fingerprint'), 'utf8')).toBe(fingerprint)
    const [log] = JSON.parse((await telemetry(world, 'export')).stdout).logs
    expect(log.series[0].times).toHaveLength(1)
    expect(log.instance).not.toBe(instance)
  })

  test.each([['clear', '--all', '--yes'], ['disable']])(
    '%s also removes a log that a helper sets aside meanwhile',
    async (...args) => {
      const world = await userWithCounts('on')
      const { stderr } = await world.script(`
        import { syncBuiltinESMExports } from 'node:module'
        const fs = process.getBuiltinModule('node:fs')
        const { unlinkSync } = fs
        fs.unlinkSync = path => {
          if (/0\\.19\\.3.*\\.log$/.test(path)) fs.renameSync(path, path + '~abcdefgh')
          unlinkSync(path)
        }
        syncBuiltinESMExports()
        ${managed("commands: ['build']", args)}`)
      expect(stderr).toBe('')
      expect(world.files().filter(file => file.includes('.log'))).toEqual([])
    },
  )

  test('--all removes the fingerprint, the record of the notice and a yes too', async () => {
    const world = await userWithCounts('on')
    await telemetry(world, 'enable')
    writeFileSync(join(world.state, 'notice'), '{}')
    expect(await telemetry(world, 'clear', '--all', '-y')).toMatchObject({
      stdout:
        'trix telemetry: removed 5 counts in 2 logs, the fingerprint, that the notice was shown and your yes\n',
    })
    expect(world.files()).toEqual([])
    expect(await telemetry(world, 'clear', '--all', '-y')).toMatchObject({
      ...{ status: 0, stdout: 'trix telemetry: there is nothing to remove\n' },
    })
  })

  test.each(['{"no":1}', '{'])('--all keeps a no, and an answer that cannot be read: %s', async text => {
    const world = await userWithCounts()
    writeFileSync(join(world.state, 'consent.json'), text)
    expect(await telemetry(world, 'clear', '--all', '--yes')).toMatchObject({ status: 0 })
    expect(contents(world)).toEqual({ '.local/state/trix/consent.json': text })
  })

  test("removes no other file of the tool's own home, and follows no link", async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    const home = join(world.home, '.tx3')
    mkdirSync(home)
    writeFileSync(join(home, 'wallet'), 'precious')
    const options = `commands: ['build'], home: '~/.tx3'`
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9', ${options} })
      trackCommand('build')`)
    await helpersEnded(world)
    expect(existsSync(join(home, 'fingerprint'))).toBe(true)
    symlinkSync(join(home, 'wallet'), join(home, 'v1', '1.0.0-00000000-00000000.log'))
    expect(await world.script(managed(options, ['clear', '--all', '--yes']))).toMatchObject({ status: 0 })
    expect(readdirSync(home, { recursive: true }).sort()).toEqual(['v1', 'wallet'])
    expect(readFileSync(join(home, 'wallet'), 'utf8')).toBe('precious')
  })

  test.runIf(isRoot)('says which files it could not remove, and ends with 1', async () => {
    const world = await userWithCounts()
    const [log = ''] = world.files().filter(file => file.includes('0.19.3'))
    // Not even root can remove a file that is a mount.
    const script = 'mount --bind "$1" "$1" && shift && exec "$@"'
    const command = [process.execPath, TOOL, 'telemetry', 'clear', '--yes']
    const args = ['-m', 'sh', '-c', script, 'sh', join(world.home, log), ...command]
    const { status, stderr } = await runProcess('unshare', args, world)
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^trix telemetry clear: not all of it could be removed\. Left: .*0\.19\.3.*EBUSY/,
      ),
    ])
  })
})

describe('disable ends the installation', () => {
  test('removes each id and what was not sent yet, and prints the fingerprint; enable begins another', async () => {
    const world = await userWithCounts('on')
    await world.tool(['build'], { TRIX_TELEMETRY: 'local' })
    const id = readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64)
    writeFileSync(join(world.state, 'fingerprint.4242'), `${id}\n`)
    writeFileSync(join(world.state, 'notice'), '{}')
    const { status, stdout, stderr } = await telemetry(world, 'disable')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`The fingerprint was ${id}.\n`)
    expect(stdout).toContain(`send it to the operator of ${world.env.TRIX_TELEMETRY_ENDPOINT}.\n`)
    expect(stdout).toContain('Removed: the fingerprint, 5 counts in 2 logs.\n')
    expect(stdout).toContain('1 count for you alone: kept until "trix telemetry clear".\n')
    for (const [file, text] of Object.entries(contents(world))) {
      expect(file).toMatch(/consent\.json$|\/v1\/local\//)
      expect(text).not.toContain(id)
    }
    expect((await telemetry(world, 'disable')).stdout).not.toContain('The fingerprint was')
    await telemetry(world, 'enable')
    await world.tool(['build'])
    await helpersEnded(world)
    expect(readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64)).not.toBe(id)
  })

  test('where XDG_STATE_HOME is set, also the installation at the default place', async () => {
    const world = await userWithCounts('on')
    const elsewhere = { XDG_STATE_HOME: join(world.home, 'state') }
    await world.tool(['build'], elsewhere)
    await helpersEnded(world)
    expect(await world.tool(['telemetry', 'disable'], elsewhere)).toMatchObject({ status: 0, stderr: '' })
    expect(world.files().filter(file => !file.endsWith('consent.json'))).toEqual([])
  })

  test('also where the no cannot be written, and says so', async () => {
    const world = await userWithCounts('on')
    mkdirSync(join(world.state, 'consent.json'))
    const { status, stdout, stderr } = await telemetry(world, 'disable')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('The no could not be written: ')
    expect(stderr).toContain('Removed: the fingerprint')
    expect(world.files()).toEqual([])
  })

  test('but an opt-out by the environment removes nothing', async () => {
    const world = await userWithCounts('on')
    const before = contents(world)
    await world.tool(['build'], { DO_NOT_TRACK: '1' })
    await world.tool(['build'], { TRIX_TELEMETRY: 'off' })
    expect(contents(world)).toEqual(before)
  })
})

describe('check', () => {
  test.each([
    [{ DO_NOT_TRACK: '1' }, 'DO_NOT_TRACK is set'],
    [{ TRIX_TELEMETRY: 'off' }, 'TRIX_TELEMETRY says no'],
    [{ TRIX_TELEMETRY: 'local' }, 'TRIX_TELEMETRY is "local"'],
    [{ TRIX_TELEMETRY_OPTOUT: '1' }, 'TRIX_TELEMETRY_OPTOUT says no'],
    ['disable', 'you have said no'],
    ['[telemetry]\nenabled = false\n', 'enabled = false in'],
    ['[telemetry]\nair_gapped = true\n', 'air_gapped = true in'],
  ])('contacts nothing after a no, and says so: %j', async (no, reason) => {
    const { world, receiver } = await userWithReceiver()
    if (no === 'disable') await telemetry(world, 'disable')
    else if (typeof no === 'string') world.writeConfig(no)
    const env = typeof no === 'string' ? {} : (no as Record<string, string>)
    const { status, stdout, stderr } = await world.tool(['telemetry', 'check'], env)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`trix telemetry check: nothing was contacted: ${reason}`)
    expect(receiver.requests).toEqual([])
  })

  test('sends an empty request without an id where the user has not agreed yet', async () => {
    const { world, receiver } = await userWithReceiver()
    expect(await telemetry(world, 'check')).toMatchObject({ status: 0, stderr: '' })
    expect(receiver.requests.map(({ body }) => body)).toEqual(['{"resourceMetrics":[]}'])
    expect(world.files()).toEqual([])
  })
})

describe('the telemetry command is never counted', () => {
  test('also where a hook of the tool counts every command, and disable sends nothing', async () => {
    const { world, receiver } = await userWithReceiver()
    await telemetry(world, 'enable')
    const { status } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0', commands: ['shell', 'build'] })
      for (const name of ['telemetry', 'telemetry disable', 'telemetry:disable', '--help', '-v']) trackCommand(name)
      process.exitCode = await runTelemetryCommand(['disable'])
    `)
    expect(status).toBe(0)
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('and what was counted before disable in the same process is not sent', async () => {
    const { world, receiver } = await userWithReceiver()
    await telemetry(world, 'enable')
    await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      initTelemetry({ name: 'trix', version: '1.0.0', commands: ['shell', 'build'] })
      trackCommand('shell')
      await runTelemetryCommand(['disable'])
      trackCommand('build')
    `)
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('but a command whose name begins with telemetry is counted', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'log' })
    const { stderr } = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', commands: ['telemetry-server'] })
      trackCommand('telemetry-server')
      trackCommand('telemetry status')
    `)
    expect(stderr).toContain('"stringValue":"telemetry-server"')
    expect(stderr).toContain('telemetry status: flags and the telemetry command are never counted')
  })
})

import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { hasTmux, isRoot } from './machine.ts'
import { ROOT } from './paths.ts'
import { counts, userWithReceiver } from './receiver.ts'
import { openTerminal } from './terminal.ts'
import { makeWorld } from './world.ts'

// Complaints about the telemetry of other tools. A test is named after the complaint and shows that it is not true here.

describe('not true of this library:', () => {
  test('the notice is in the way of JSON on stdout (turborepo#7185, caro#404, workers-sdk#7493)', async () => {
    const { world } = await userWithReceiver()
    const first = await world.tool(['build'])
    expect([JSON.parse(first.stdout), first.stderr]).toEqual([{}, ''])
    const status = await world.tool(['telemetry', 'status', '--json'])
    expect([JSON.parse(status.stdout).mode, status.stderr]).toEqual(['off', ''])
  })

  test.skipIf(!hasTmux)(
    'the notice spoils `$(tool)` and `tool > file` in a terminal (gauge#1128, gptme#3732)',
    async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; trix build > out.txt; echo "done"')
      await terminal.until(/This run is not counted\.\n\ndone\n/)
      expect(readFileSync(join(world.cwd, 'out.txt'), 'utf8')).toBe('{}\n')
    },
  )

  test('a question blocks CI and Docker (angular-cli#14563, nuxt/telemetry#16, hardhat#956)', async () => {
    const { world } = await userWithReceiver()
    const asking = `
    import { initTelemetry, trackCommand } from 'otlp-tally'
    import { askConsent } from 'otlp-tally/cli'
    initTelemetry({ name: 'trix', version: '1.0.0', consent: 'explicit', commands: ['build'] })
    console.log(await askConsent())
    trackCommand('build')`
    for (const env of [{}, { CI: 'true' }] as Record<string, string>[]) {
      expect(await world.script(asking, env)).toMatchObject({ status: 0, stdout: 'undefined\n', stderr: '' })
    }
    expect(world.files()).toEqual([])
  })

  test('runs are counted where no notice can be seen (nuxt/telemetry#34, t3code#4123, nixpkgs#515047)', async () => {
    const { world, receiver } = await userWithReceiver()
    for (let run = 0; run < 3; run++) await world.tool(['build'])
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('an event is sent about opting out (netlify/cli#737)', async () => {
    const { world, receiver } = await userWithReceiver()
    world.writeConfig('[telemetry]\nenabled = true\n')
    await world.tool(['telemetry', 'disable'])
    await world.tool(['build'])
    expect(world.files()).toEqual(['.config/trix/config.toml', '.local/state/trix/consent.json'])
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('status says enabled while DO_NOT_TRACK is set (sonarqube-cli#333, netlify/cli#737)', async () => {
    const { world } = await userWithReceiver({ DO_NOT_TRACK: '1' })
    world.writeConfig('[telemetry]\nenabled = true\n')
    const status = await world.tool(['telemetry', 'status'])
    expect(status.stdout).toMatch(/^trix telemetry is off.*\n\n {2}because +DO_NOT_TRACK is set\n/)
    expect(status.stdout).toMatch(/without it +on: enabled = true/)
    const enable = await world.tool(['telemetry', 'enable'])
    expect(enable).toMatchObject({ status: 1, stdout: '' })
    expect(enable.stderr).toContain('still off: DO_NOT_TRACK is set')
  })

  test('a config that is broken is written anew, with telemetry on again (hyperframes#2115, #2852)', async () => {
    const { world, receiver } = await userWithReceiver()
    const broken = '[telemetry]\nenabled = true\n[unfinished'
    world.writeConfig(broken)
    expect(await world.tool(['build'])).toMatchObject({ status: 0, stdout: '{}\n', stderr: '' })
    expect(await world.tool(['telemetry', 'enable'])).toMatchObject({ status: 1, stdout: '' })
    await world.tool(['telemetry', 'disable'])
    expect(readFileSync(world.config, 'utf8')).toBe(broken)
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('runs at the same time lose an opt-out or make two ids (clerk/cli#410, sim#7763, madar#449)', async () => {
    const { world, receiver } = await userWithReceiver()
    world.writeConfig('[telemetry]\nenabled = true\n')
    const runs = Array.from({ length: 20 }, () => world.tool(['build']))
    const [disabled] = await Promise.all([world.tool(['telemetry', 'disable']), ...runs])
    expect(disabled!.status).toBe(0)
    await helpersEnded(world)
    const { length } = receiver.requests
    await world.tool(['check'])
    await helpersEnded(world)
    expect(world.files()).toEqual(['.config/trix/config.toml', '.local/state/trix/consent.json'])
    expect(receiver.requests).toHaveLength(length)
  })

  test.runIf(isRoot)(
    'a read-only home crashes the tool, and status says "pending" for ever (gatsby#26783, clickhousectl#292)',
    async () => {
      const { world } = await userWithReceiver({ TRIX_TELEMETRY: 'log' })
      mkdirSync(world.state, { recursive: true })
      chownSync(world.state, 65534, 65534)
      chmodSync(world.state, 0o500)
      const run = await world.tool(['build'])
      expect([run.status, run.stdout]).toEqual([0, '{}\n'])
      expect(run.stderr).toBe(
        'trix telemetry: not counted (the state folder: foreign state; "trix telemetry status" explains it)\n',
      )
      const { stdout } = await world.tool(['telemetry', 'status'])
      expect(stdout).toMatch(/because +the state folder belongs to another user\n/)
    },
  )

  test('a missing home crashes the tool (npm/osenv#14, terraform-cdk#2825)', async () => {
    const { world } = await userWithReceiver()
    rmSync(world.home, { recursive: true })
    const on = { TRIX_TELEMETRY: 'on' }
    expect(await world.tool(['build'], on)).toMatchObject({ status: 0, stdout: '{}\n', stderr: '' })
    expect(existsSync(world.home)).toBe(false)
    expect((await world.tool(['telemetry', 'status'], on)).stdout).toMatch(
      /because +there is no home folder\n/,
    )
  })

  test('each CI job and container is a new user (n8n-mcp#282, vcpkg-tool#1131)', async () => {
    const { world, receiver } = await userWithReceiver({ CI: 'true' })
    writeFileSync(join(world.cwd, 'a.json'), '{}')
    await world.tool(['build'])
    expect(world.files()).toEqual([])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('arguments, paths or secrets are in the body (balena-cli#1359, rtk#1785, agent-orchestrator#2813)', async () => {
    const { world, receiver } = await userWithReceiver({ TRIX_TELEMETRY: 'on' })
    await world.tool(['build', '--token=hunter2', '--dir', world.cwd])
    await receiver.arrived(1)
    await world.script(`
    import { initTelemetry, trackCommand, trackEvent } from 'otlp-tally'
    initTelemetry({ name: 'trix', version: '0.19.3', commands: ['fine'], endpoint: 'http://127.0.0.1:9' })
    trackCommand('deploy --token=hunter2')
    trackCommand(process.argv)
    trackEvent('opened', { file: '/home/me/secret' })
    trackCommand('fine')`)
    const bodies = (await receiver.arrived(2)).map(({ body }) => body).join()
    expect(bodies).not.toMatch(/hunter2|secret|home|node/)
    expect(counts(receiver.requests)).toEqual({ build: 1, fine: 1, unknown: 1 })
  })

  test('the store grows without bound (dotnet/sdk#41796)', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    await world.script(`
    import { initTelemetry } from 'otlp-tally'
    const commands = Array.from({ length: 200 }, (_, index) => 'c' + index)
    const { trackCommand } = initTelemetry({ name: 'trix', version: '0.19.3', commands })
    for (const command of commands) trackCommand(command)`)
    const { stdout } = await world.tool(['telemetry', 'status', '--json'])
    expect(JSON.parse(stdout).logs[0].series).toHaveLength(128)
  })

  test('nobody can see what is sent without sending it (the commonest wish of all)', async () => {
    const { world, receiver } = await userWithReceiver()
    world.writeConfig('[telemetry]\nenabled = true\n')
    const logged = await world.tool(['build'], { TRIX_TELEMETRY: 'log' })
    const preview = await world.tool(['telemetry', 'preview', 'build', '--raw'])
    expect(counts([{ body: logged.stderr.split('\n')[1]! } as never])).toEqual({ build: 1 })
    expect(counts([{ body: preview.stdout } as never])).toEqual({ build: 1 })
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('an id never expires, and survives off and on (codegraph#1868, #1869, #1880)', async () => {
    const { world, receiver } = await userWithReceiver()
    world.writeConfig('[telemetry]\nenabled = true\n')
    await world.tool(['build'])
    await receiver.arrived(1)
    const id = () => readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64)
    const first = id()
    const off = await world.tool(['telemetry', 'off'])
    expect(off.stdout).toContain(first)
    expect(world.files()).toEqual(['.config/trix/config.toml', '.local/state/trix/consent.json'])
    await world.tool(['telemetry', 'on'])
    await world.tool(['build'])
    expect(id()).not.toBe(first)
    await receiver.arrived(2)
    expect(counts(receiver.requests.slice(1))).toEqual({ build: 1 })

    // 13 months have passed.
    const second = id()
    const path = join(world.state, 'fingerprint')
    const [, , ...stamp] = readFileSync(path, 'utf8').trim().split(' ')
    writeFileSync(path, `${second} ${Date.now() - 397 * 24 * 3_600_000} ${stamp.join(' ')}\n`)
    expect((await world.tool(['telemetry', 'status'])).stdout).toMatch(/ended: it is older than 13\s+months/)
    // The old log ends with it, and the next one has the new id.
    await world.tool(['build'])
    await helpersEnded(world)
    expect(receiver.requests).toHaveLength(2)
    await world.tool(['build'])
    expect(id()).not.toBe(second)
    await receiver.arrived(3)
    expect(counts(receiver.requests.slice(2))).toEqual({ build: 1 })
    expect(receiver.requests[2]!.body).not.toContain(second)
  })

  test('the id can be computed from the host name (mobile-mcp#329, rtk#1181)', async () => {
    const { world } = await userWithReceiver()
    const ids = new Set<string>()
    for (let round = 0; round < 3; round++) {
      await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
      ids.add(readFileSync(join(world.state, 'fingerprint'), 'utf8').slice(0, 64))
      rmSync(world.state, { recursive: true, maxRetries: 5 })
    }
    expect(ids.size).toBe(3)
  })

  test('nobody says for whom, for how long and what exactly (cli/cli#13263)', async () => {
    const { world } = await userWithReceiver()
    const { stdout } = await world.tool(['telemetry', 'preview', '--all'])
    expect(stdout).toContain('Everything that trix 0.19.3 can ever send, to http')
    expect(stdout).toMatch(/command_name +init, check, build, test, unknown/)
    expect(stdout).toContain('Nothing else can be sent.')
    const page = readFileSync(join(ROOT, 'docs/TELEMETRY.md'), 'utf8')
    for (const duty of ['Controller', 'Legal basis', 'Retention', 'Recipients', 'Pseudonymous'])
      expect(page).toContain(`**${duty}`)
  })

  test('an opt-out with a typo is consent ([Telemetry], enabeld)', async () => {
    const { world, receiver } = await userWithReceiver({ TRIX_TELEMETRY: 'on' })
    for (const config of ['[Telemetry]\nenabled = false', '[telemtry]\nenabled = false', 'enabled = false']) {
      world.writeConfig(config)
      await world.tool(['build'])
      expect(readFileSync(world.config, 'utf8')).toBe(config)
    }
    await world.tool(['build'], { TRIX_TELEMETRY: 'flase' })
    expect(world.files()).toEqual(['.config/trix/config.toml'])
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test("a token for one's own server goes to another", async () => {
    const { world, receiver } = await userWithReceiver({ TRIX_TELEMETRY: 'on' })
    world.writeConfig(
      '[telemetry]\nendpoint = "http://127.0.0.1:9"\nheaders = { authorization = "Bearer mine" }\n',
    )
    await world.tool(['build'])
    const [request] = await receiver.arrived(1)
    expect(request!.headers).not.toHaveProperty('authorization')
  })
})

test('docs/complaints.md names tests that exist', () => {
  const page = readFileSync(join(ROOT, 'docs/complaints.md'), 'utf8')
  const rows = page.split('\n').filter(line => line.startsWith('| ') && line.includes('.test.ts)'))
  expect(rows.length).toBeGreaterThan(25)
  for (const row of rows) {
    const [, file, names] = /\]\(\.\.\/test\/([\w./]+\.test\.ts)\): (.*) \|$/.exec(row)!
    const source = readFileSync(join(import.meta.dirname, file!), 'utf8')
    for (const [, name] of names!.matchAll(/`([^`]+)`/g)) expect(`${file} ${source}`).toContain(name)
  }
})

import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TelemetryOptions } from '../src/core/options.ts'
import { helpersEnded } from './helper.ts'
import { isRoot } from './machine.ts'
import { CLI, ROOT } from './paths.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { type ToolFile, writeTool } from './tool-file.ts'
import { makeWorld, runProcess, type World } from './world.ts'

// What SECURITY.md promises to the person who runs a command, in its order.

/** Another user of this machine. */
const OTHER = 12_345
const as = (uid: number) => `setpriv --reuid ${uid} --regid ${uid} --clear-groups`
const giveToOther = (path: string) => execFileSync('chown', ['-R', `${OTHER}:${OTHER}`, path])

interface Scene {
  world: World
  receiver: Receiver
  /** 0.0.0.0 leads to this machine, and does not say so: what is sent there needs consent. */
  endpoint: string
  tool(more?: Partial<TelemetryOptions>, act?: string): ToolFile
  /** Resolves when all helpers have ended, and expects that so many requests have come. */
  received(count: number): Promise<void>
}

async function scene(env: Record<string, string> = {}): Promise<Scene> {
  const receiver = await startReceiver()
  const endpoint = receiver.endpoint.replace('127.0.0.1', '0.0.0.0')
  const world = makeWorld(env)
  return {
    ...{ world, receiver, endpoint },
    tool: (more, act) => writeTool(world, { endpoint, ...more }, act),
    async received(count) {
      if (count) await receiver.arrived(count)
      await helpersEnded(world)
      expect(receiver.requests).toHaveLength(count)
    },
  }
}

const attributesOf = (body: string): Record<string, string> =>
  Object.fromEntries(
    JSON.parse(body).resourceMetrics[0].resource.attributes.map(
      ({ key, value }: { key: string; value: object }) => [key, Object.values(value)[0]],
    ),
  )

describe('the notice', () => {
  const signs: Record<string, string> = {
    ...{ TERM: 'dumb', CLAUDECODE: '1', GEMINI_CLI: '1', AI_AGENT: 'x', CODEX_SANDBOX: 'seatbelt' },
    ...{ COMP_LINE: 'trix ', COMP_CWORD: '1', _ARGCOMPLETE: '1' },
    ...{ CI: '1', GITHUB_ACTIONS: 'true', TF_BUILD: 'True', TEAMCITY_VERSION: '2024', BUILDKITE: 'true' },
    ...{ JENKINS_URL: 'http://j', CODEBUILD_BUILD_ID: 'x:1', bamboo_planKey: 'A-B' },
    ...{ VITEST: 'true', NODE_ENV: 'test', DO_NOT_TRACK: '1', TRIX_TELEMETRY_DISABLED: '1' },
  }
  test.each(Object.entries(signs))(
    'in a terminal with %s=%s nothing is shown and nothing is marked as shown',
    async (name, value) => {
      const { world, tool } = await scene()
      expect((await tool().onTerminal({ [name]: value })).stdout).toBe('')
      expect(world.files()).toEqual([])
    },
  )

  test('is shown once in a terminal, and later runs are counted', async () => {
    const { tool, received } = await scene()
    expect((await tool().onTerminal()).stdout).toContain('trix counts how often')
    expect((await tool().onTerminal()).stdout).toBe('')
    await received(1)
  })

  test.runIf(isRoot).each(['notice', 'yes'])(
    'a %s does not hold in a copy of the home, nor for another user',
    async what => {
      const { world, tool, received } = await scene()
      if (what === 'yes') await tool().telemetry('enable')
      else await tool().onTerminal()
      chmodSync(dirname(world.home), 0o755)
      const copies = [`${world.home}-copy`, `${world.home}-of-another`]
      for (const copy of copies) cpSync(world.home, copy, { recursive: true, preserveTimestamps: true })
      giveToOther(copies[1]!)
      await tool().run({ HOME: copies[0]! })
      await tool().runBy(as(OTHER), { HOME: copies[1]! })
      // The same files under another user id: `su` that keeps HOME, a container with another user.
      giveToOther(world.home)
      await tool().runBy(as(OTHER), { HOME: world.home })
      await received(0)
    },
  )

  test.runIf(isRoot)('does not hold if its file belongs to another user', async () => {
    const { world, tool, received } = await scene()
    await tool().onTerminal()
    const notice = join(world.state, 'notice')
    chownSync(notice, OTHER, OTHER)
    await tool().run()
    await received(0)
  })
})

describe('a no holds', () => {
  test('with other folders in the environment, and after the notice', async () => {
    const { world, tool, received } = await scene()
    await tool().onTerminal()
    const elsewhere = {
      XDG_STATE_HOME: join(world.home, 'state'),
      XDG_CONFIG_HOME: join(world.home, 'config'),
    }
    await tool().onTerminal(elsewhere)
    expect(await tool().telemetry('disable', elsewhere)).toMatchObject({ status: 0 })
    // As cron or another shell runs it, with a config or a state folder that is gone.
    await tool().run()
    await tool().run(elsewhere)
    await tool().run({ XDG_STATE_HOME: join(world.home, 'third'), TRIX_TELEMETRY: 'on' })
    rmSync(elsewhere.XDG_STATE_HOME, { recursive: true })
    await tool().onTerminal(elsewhere)
    await received(0)
    expect(await tool().telemetry('enable', elsewhere)).toMatchObject({ status: 0 })
    await tool().run(elsewhere)
    await received(1)
  })

  test('in a copy of the home', async () => {
    const { world, tool, received } = await scene()
    await tool().telemetry('disable')
    const copy = `${world.home}-copy`
    cpSync(world.home, copy, { recursive: true })
    await tool().run({ HOME: copy, TRIX_TELEMETRY: 'on' })
    await received(0)
  })
})

test('two tools that differ in their scope share no folder, no consent and no id', async () => {
  const { tool, receiver, received } = await scene()
  const names = ['@acme/cli', '@globex/cli']
  for (const name of names) expect((await tool({ name }).onTerminal()).stdout).toContain(`${name} counts`)
  for (const name of names) expect((await tool({ name }).onTerminal()).stdout).toBe('')
  await received(2)
  const both = receiver.requests.map(({ body }) => attributesOf(body))
  expect(both.map(one => one['service.name']).sort()).toEqual(names)
  for (const id of ['user.fingerprint', 'service.instance.id'])
    expect(new Set(both.map(one => one[id])).size).toBe(2)
  await tool({ name: '@acme/cli' }).telemetry('disable')
  await tool({ name: '@acme/cli' }).run()
  await tool({ name: '@globex/cli' }).run()
  await received(3)
})

describe('after a notice and a yes', () => {
  const more: [string, Partial<TelemetryOptions>, news?: RegExp][] = [
    ['failures', { failures: true }, /New +failures/],
    ['agents', { agents: true }, /New +agents/],
    ['environment', { environment: true }, /New +environment/],
    ['an event', { events: { deploy: { target: ['a'] } } }, /New +event deploy/],
    ['a resource attribute', { resourceAttributes: { department: 'x' } }, /New +resource department=x/],
    ['a higher noticeVersion', { noticeVersion: 2 }],
  ]
  test.each(more)('%s needs another one', async (_, change, news) => {
    const { tool, received } = await scene()
    await tool().onTerminal()
    await tool().telemetry('enable')
    await tool(change).run()
    await tool({ ...change, consent: 'explicit' }).run()
    await received(0)
    const { stdout } = await tool(change).onTerminal()
    expect(stdout).toContain('This run is not counted.')
    expect(stdout).not.toContain('Nothing has been')
    if (news) expect(stdout).toMatch(news)
    await received(0)
    // Of two versions side by side, neither shows its notice again.
    expect((await tool().onTerminal()).stdout).toBe('')
    await received(1)
    expect((await tool(change).onTerminal()).stdout).toBe('')
    await received(2)
  })

  test('a new command needs none', async () => {
    const { tool, received } = await scene()
    await tool().onTerminal()
    await tool({ commands: ['build', 'new'] }).run()
    await received(1)
  })

  test('another receiver needs another one, whoever names it', async () => {
    const { world, tool, received } = await scene()
    const other = await scene()
    await tool().onTerminal()
    await tool({ endpoint: other.endpoint }).run()
    await tool().run({ TRIX_TELEMETRY_ENDPOINT: other.endpoint })
    world.writeConfig(`[telemetry]\nendpoint = "${other.endpoint}"\n`)
    await tool().run()
    await helpersEnded(world)
    await other.received(0)
    expect((await tool().onTerminal()).stdout).toMatch(/New +who receives it/)
    await tool().run()
    await helpersEnded(world)
    await other.received(1)
    await received(0)
  })

  test('the same host by http instead of https needs another one', async () => {
    const { world, tool, receiver } = await scene()
    const port = receiver.endpoint.split(':').at(-1)
    await tool({ endpoint: `https://0.0.0.0:${port}` }).onTerminal()
    await tool({ endpoint: `http://0.0.0.0:${port}` }).run()
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('headers of the config are not sent to an endpoint of the environment', async () => {
    const { world, tool, received, receiver } = await scene({ TRIX_TELEMETRY: 'on' })
    world.writeConfig('[telemetry]\nheaders = { authorization = "Bearer mine" }\n')
    await tool().run()
    await received(0)
    world.writeConfig(
      '[telemetry]\nendpoint = "http://127.0.0.1:9"\nheaders = { authorization = "Bearer mine" }\n',
    )
    await tool().run({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await received(1)
    expect(receiver.requests[0]!.headers).not.toHaveProperty('authorization')
  })
})

describe("a repository's .env", () => {
  test('neither beats a no nor changes where counts are sent', async () => {
    const { world, tool, endpoint, received } = await scene()
    const strange = await scene()
    const env = { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: `${strange.endpoint}?token=theirs` }
    await tool().run(env)
    await tool().onTerminal()
    await tool().telemetry('enable')
    await tool().run(env)
    await helpersEnded(world)
    await strange.received(0)
    // Another customer of the service that the user has agreed to.
    await tool().run({ ...env, TRIX_TELEMETRY_ENDPOINT: `${endpoint}/?token=theirs` })
    await received(0)
    await tool().telemetry('disable')
    await tool().run({ TRIX_TELEMETRY: 'on' })
    await received(0)
  })
})

describe('the notice says all', () => {
  const all: Partial<TelemetryOptions> = {
    ...{ commands: ['build', 'db migrate'], failures: true, agents: true, environment: true },
    ...{ events: { deploy: { target: ['staging', 'live'] } }, resourceAttributes: { channel: 'beta' } },
    headers: { 'x-token': 'secret' },
  }
  test('every header and every attribute of a real request is listed', async () => {
    const { tool, receiver, endpoint, received } = await scene()
    const act = "trackCommand('build'); trackEvent('deploy', { target: 'live' }); process.exit(1)"
    const real = tool(all, act)
    const notice = (await real.onTerminal()).stdout.replace(/\s+/g, ' ')
    await real.run({ AI_AGENT: 'claude' })
    await received(1)
    const [{ headers: sent, body } = { headers: {}, body: '' }] = receiver.requests
    const headers = Object.keys(sent)
    const [, listed, rest] = /Headers (.*?) and (.*?) Off/.exec(notice)!
    expect(headers.length).toBeGreaterThan(5)
    // What an empty `fetch` sends says nothing about the tool or the user. `preview --all` lists that too, below.
    await fetch(endpoint, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    const usual = Object.keys(receiver.requests[1]!.headers).filter(name => name !== 'user-agent')
    expect(listed!.split(', ').sort()).toEqual(headers.filter(name => !usual.includes(name)).sort())
    expect(rest).toBe('those of every HTTP request')
    expect(Object.values(sent).join()).not.toContain(process.version.slice(1))
    expect(notice).not.toContain('secret')
    expect(notice).toContain(`To ${endpoint}/v1/metrics`)
    expect(notice).toContain('two random ids')
    expect(notice).toContain('and when')
    for (const word of [
      'build, db migrate',
      'how often it failed',
      'which coding agent',
      'deploy (target: staging, live)',
      'channel=beta',
      'the system, the architecture, the runtime',
    ])
      expect(notice).toContain(word)

    const { stdout } = await real.telemetry('preview --all')
    const texts = [...body.matchAll(/"(?:key|stringValue|name)":"([^"]+)"/g)].map(([, text]) => text!)
    const ids = Object.entries(attributesOf(body)).filter(([key]) => /fingerprint|instance/.test(key))
    expect(ids).toHaveLength(2)
    // The ids are random, and of the runtime's version `preview --all` says only that it is a number.
    const others = texts.filter(text => !ids.some(([, id]) => id === text) && !/^\d+$/.test(text))
    for (const text of others) expect(stdout).toContain(text)
    for (const header of headers) expect(stdout).toContain(header)
    expect(stdout).not.toContain('secret')
  })
})

describe('an opt-out by another name', () => {
  const noes = {
    ...{
      TRIX_TELEMETRY_DISABLED: '1',
      TRIX_DISABLE_TELEMETRY: '1',
      TRIX_TELEMETRY_OPTOUT: '1',
      TRIX_NO_TELEMETRY: '1',
    },
    ...{ TRIX_TELEMTRY: 'off', TRIX_TELEMETRY_ENABLED: 'false', TRIX_DO_NOT_TRACK: '1', trix_telemetry: '0' },
    ...{ TRIX_TELEMETRY_OPT_OUT: 'true', TRIX_TELEMETRY_DISABELD: '1', TRIX_TELEMETRY: 'flase' },
  }
  test.each(Object.entries(noes))(
    '%s=%s, also against a yes, and status says what was meant',
    async (name, value) => {
      const { tool, received } = await scene()
      await tool().telemetry('enable')
      await tool().run({ TRIX_TELEMETRY: 'on', [name]: value })
      await received(0)
      const { stdout } = await tool().telemetry('status', { [name]: value })
      expect(stdout).toMatch(/did you mean\s+TRIX_TELEMETRY=off\?|not\s+understood/)
    },
  )
  test.each([
    ['TRIX_TELEMETRY_ENABLED', 'true'],
    ['TRIX_TELEMETRY_DISABLED', '0'],
    ['TRIX_NO_TELEMETRY', ''],
    ['TRIXIE_TELEMETRY', 'off'],
    ['TELEMETRY_DISABLED', '1'],
    ['TRIX_TEMPLATE', 'off'],
  ])('%s=%s is neither a yes nor a no', async (name, value) => {
    const { tool, received } = await scene()
    await tool().run({ [name]: value })
    await received(0)
    await tool().telemetry('enable')
    await tool().run({ [name]: value })
    await received(1)
  })
  test.each(['enabled = "false"', '[telemetry]\nairgapped = true'])('holds in the config: %j', async text => {
    const { world, tool, received } = await scene()
    await tool().telemetry('enable')
    world.writeConfig(text)
    await tool().run({ TRIX_TELEMETRY: 'on' })
    await received(0)
    expect(readFileSync(world.config, 'utf8')).toBe(text)
    expect((await tool().telemetry('status')).stdout).toMatch(/did\s+you\s+mean/)
  })
})

describe('the question', () => {
  /** Types into a pseudo-terminal, before and after the question. Returns what was shown. */
  async function typeInto(world: World, path: string, before: string, after: string): Promise<string> {
    const child = spawn('script', ['-qec', `${process.execPath} ${path}`, '/dev/null'], {
      ...{ cwd: world.cwd, env: { ...world.env, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'inherit'] },
    })
    let shown = ''
    child.stdin.on('error', () => {})
    child.stdin.write(before)
    let answered = false
    child.stdout.setEncoding('utf8').on('data', chunk => {
      shown += chunk
      if (answered || !shown.includes('[y/N]')) return
      answered = true
      child.stdin.write(after)
    })
    await new Promise(resolve => child.on('close', resolve))
    return shown
  }
  /** The path of a tool that asks before it counts. */
  const asking = (tool: ToolFile, options = '') => {
    const ask = `const { askConsent } = await import('${CLI}')\n  await askConsent(${options})`
    tool.edit(text => text.replace('} else {', `} else {\n  ${ask}`))
    return tool.path
  }
  test('is not answered by what was typed before it was asked', async () => {
    const { world, tool, received } = await scene()
    const path = asking(tool({ consent: 'explicit' }), '{ timeoutMs: 500 }')
    expect(await typeInto(world, path, 'y\ny\nyes\n', '')).toContain('[y/N]')
    expect(existsSync(join(world.state, 'consent.json'))).toBe(false)
    await received(0)
  })

  test('answered by a yes is counted from then on', async () => {
    const { world, tool, received } = await scene()
    await typeInto(world, asking(tool({ consent: 'explicit' })), '', 'y\n')
    await received(1)
  })
})

test.runIf(isRoot)('a yes in the config of another user does not hold', async () => {
  const { world, tool, received } = await scene()
  const folder = join(world.home, 'theirs')
  mkdirSync(join(folder, 'trix'), { recursive: true })
  writeFileSync(join(folder, 'trix/config.toml'), '[telemetry]\nenabled = true\n')
  chownSync(join(folder, 'trix/config.toml'), OTHER, OTHER)
  await tool().run({ XDG_CONFIG_HOME: folder })
  await received(0)
  expect((await tool().telemetry('status', { XDG_CONFIG_HOME: folder })).stdout).toMatch(/another user/)
})

test.runIf(isRoot)(
  'a no of the administrator below /etc/xdg holds, whatever the environment says',
  async () => {
    const { tool, received } = await scene()
    await tool().telemetry('enable')
    const enter = join(makeWorld().cwd, 'enter.sh')
    writeFileSync(
      enter,
      `mount -t tmpfs none /etc && mkdir -p /etc/xdg/trix &&
printf '[telemetry]\\nenabled = %s\\n' "$1" > /etc/xdg/trix/config.toml && shift && exec "$@"\n`,
    )
    const within = (value: string, env: Record<string, string> = {}, args = '') =>
      tool().runBy(`unshare -m sh ${enter} ${value}`, env, args)
    expect(await within('false', { TRIX_TELEMETRY: 'on', XDG_CONFIG_DIRS: '/nonexistent' })).toMatchObject({
      status: 0,
      stderr: '',
    })
    expect((await within('false', {}, 'telemetry status')).stdout).toMatch(/\/etc\/xdg\/trix\/config\.toml/)
    await received(0)
    // A yes there says nothing.
    await within('true')
    await received(1)
  },
)

test('a tool that its own tests run sends nothing', async () => {
  const { world, tool, received } = await scene()
  await tool().onTerminal()
  const { path } = tool()
  const file = join(world.cwd, 'tool.test.mjs')
  writeFileSync(
    file,
    `import { execFileSync } from 'node:child_process'
import test from 'node:test'
test('runs', () => void execFileSync(process.execPath, [${JSON.stringify(path)}]))
`,
  )
  const { stdout } = await runProcess(process.execPath, ['--test', file], { cwd: world.cwd, env: world.env })
  expect(stdout).toContain('# pass 1')
  await received(0)
})

describe('sentences of SECURITY.md', () => {
  test('one command compares the program that is run with its sources', async () => {
    const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
    const command = /```sh\n(npx -y esbuild@([\d.]+) [\s\S]*?)```/.exec(page)!
    const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/esbuild/package.json'), 'utf8'))
    expect(command[2]).toBe(version)
    const { world } = await scene()
    const root = join(world.cwd, 'node_modules/otlp-tally')
    for (const part of ['src/core', 'src/helper', 'dist', 'package.json'])
      cpSync(join(ROOT, part), join(root, part), { recursive: true })
    // The esbuild that is installed here, not the registry's.
    const esbuild = join(ROOT, 'node_modules/.bin/esbuild')
    const text = command[1]!.replace(/^npx -y esbuild@[\d.]+/, esbuild)
    const compare = () => runProcess('sh', ['-c', text], { cwd: world.cwd, env: world.env })
    expect(await compare()).toEqual({ status: 0, signal: null, stdout: 'the same program\n', stderr: '' })
    const changed = join(root, 'src/helper/claim.ts')
    writeFileSync(
      changed,
      readFileSync(changed, 'utf8').replace('LIFE_AFTER_TIMEOUT_MS = 1000', 'LIFE_AFTER_TIMEOUT_MS = 1001'),
    )
    expect((await compare()).stdout).toBe('ANOTHER PROGRAM\n')
  })

  test('files are made 0600, in folders that are made 0700, whatever the umask', async () => {
    const { world, tool, received } = await scene()
    const sh = join(world.cwd, 'open.sh')
    writeFileSync(sh, 'umask 0; exec "$@"\n')
    await tool().runBy(`sh ${sh}`, { TRIX_TELEMETRY: 'local' })
    await tool().runBy(`sh ${sh}`, {}, 'telemetry enable')
    await tool().runBy(`sh ${sh}`)
    await received(1)
    const made = readdirSync(world.home, { recursive: true }).map(name => join(world.home, `${name}`))
    expect(made.length).toBeGreaterThan(7)
    for (const path of made) {
      const stats = statSync(path)
      expect([path, (stats.mode & 0o777).toString(8)]).toEqual([path, stats.isDirectory() ? '700' : '600'])
    }
  })

  test('no redirect is followed', async () => {
    const to = await startReceiver()
    const from = await startReceiver(307, { location: `${to.endpoint}/v1/metrics` })
    const { world, tool } = await scene({ TRIX_TELEMETRY: 'on' })
    await tool({ endpoint: from.endpoint, headers: { authorization: 'ours' } }).run()
    await from.arrived(1)
    await helpersEnded(world)
    expect(to.requests).toEqual([])
  })

  test('a .env that brings a config of its own does not beat a no', async () => {
    const { world, tool, received } = await scene()
    const strange = await scene()
    mkdirSync(join(world.cwd, 'evil/trix'), { recursive: true })
    writeFileSync(
      join(world.cwd, 'evil/trix/config.toml'),
      `[telemetry]\nenabled = true\nendpoint = "${strange.endpoint}"\n`,
    )
    await tool().telemetry('disable')
    for (const XDG_CONFIG_HOME of ['/proc/self/cwd/evil', 'evil'])
      await tool().run({ XDG_CONFIG_HOME, XDG_STATE_HOME: '/proc/self/cwd/state', TRIX_TELEMETRY: 'on' })
    await received(0)
    await strange.received(0)
  })

  test('disable leaves no count, no id and nothing but the no, and sends nothing', async () => {
    const { world, tool, received } = await scene()
    await tool().telemetry('enable')
    await tool({ endpoint: 'http://127.0.0.1:9' }).run({ TRIX_TELEMETRY: 'on' })
    await tool().run()
    await received(1)
    await tool().telemetry('disable')
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    expect(readFileSync(join(world.home, world.files()[0]!), 'utf8')).toMatch(
      /^\{"no":\d{13},"user":\d+,"file":\[\d+,\d+\]\}\n$/,
    )
    await received(1)
  })
})

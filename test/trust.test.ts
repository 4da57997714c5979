import { spawn } from 'node:child_process'
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
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TelemetryOptions } from '../src/core/options.ts'
import { type AnyTool, anyTool } from './any-tool.ts'
import { helpers, helpersEnded, startHanging, until } from './helper.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

// What is promised to the person who runs a command, tried by someone who wants it to be false: with real processes, from
// outside. In the order of the promises in SECURITY.md.

const isRoot = process.geteuid?.() === 0
/** Another user of this machine. */
const OTHER = 12_345
const as = (uid: number) => `setpriv --reuid ${uid} --regid ${uid} --clear-groups`

interface Scene {
  world: World
  receiver: Receiver
  /** 0.0.0.0 leads to this machine, and does not say so. */
  endpoint: string
  tool(more?: Partial<TelemetryOptions>, act?: string): AnyTool
  /** Nothing more has come than so many requests, once all helpers are done. */
  received(count: number): Promise<void>
}

async function scene(env: Record<string, string> = {}): Promise<Scene> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const endpoint = receiver.endpoint.replace('127.0.0.1', '0.0.0.0')
  const world = makeWorld(env)
  return {
    ...{ world, receiver, endpoint },
    tool: (more, act) => anyTool(world, { endpoint, ...more }, act),
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

describe('a notice counts only where a person can have read it', () => {
  const signs: Record<string, string> = {
    ...{
      TERM: 'dumb',
      CLAUDECODE: '1',
      GEMINI_CLI: '1',
      AI_AGENT: 'x',
      CODEX_SANDBOX: 'seatbelt',
      COMP_LINE: 'trix ',
    },
    ...{
      COMP_CWORD: '1',
      _ARGCOMPLETE: '1',
      GITHUB_ACTIONS: 'true',
      TF_BUILD: 'True',
      TEAMCITY_VERSION: '2024',
    },
    ...{
      JENKINS_URL: 'http://j',
      BUILDKITE: 'true',
      CODEBUILD_BUILD_ID: 'x:1',
      bamboo_planKey: 'A-B',
      CI: '1',
    },
    ...{ VITEST: 'true', NODE_ENV: 'test' },
  }
  test.each(Object.entries(signs))(
    'in a terminal with %s=%s nothing is shown and nothing is marked',
    async (name, value) => {
      const { world, tool, received } = await scene()
      expect((await tool().onTerminal({ [name]: value })).stdout).toBe('')
      expect(world.files()).toEqual([])
      await tool().run()
      await received(0)
    },
  )

  test('it is shown to a person once, and what follows is counted', async () => {
    const { tool, received } = await scene()
    expect((await tool().onTerminal()).stdout).toContain('trix counts how often')
    expect((await tool().onTerminal()).stdout).toBe('')
    await received(1)
  })

  test.runIf(isRoot).each(['notice', 'yes'])(
    'a home that is copied, here or to another user, brings no %s along',
    async what => {
      const { world, tool, received } = await scene()
      if (what === 'yes') await tool().telemetry('enable')
      else await tool().onTerminal()
      chmodSync(dirname(world.home), 0o755)
      const copies = [`${world.home}-copy`, `${world.home}-of-another`]
      for (const copy of copies) cpSync(world.home, copy, { recursive: true, preserveTimestamps: true })
      const own = (path: string) => {
        chownSync(path, OTHER, OTHER)
        if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name))
      }
      own(copies[1]!)
      await tool().run({ HOME: copies[0]! })
      await tool().by(as(OTHER), { HOME: copies[1]! })
      // The same file under another user id: `su` that keeps HOME, a container with another user.
      own(world.home)
      await tool().by(as(OTHER), { HOME: world.home })
      await received(0)
    },
  )

  test.runIf(isRoot)('a notice that another user has planted is none', async () => {
    const { world, tool, received } = await scene()
    await tool().onTerminal()
    const notice = join(world.state, 'notice')
    chownSync(notice, OTHER, OTHER)
    await tool().run()
    await received(0)
  })
})

describe('a no is found wherever it was said', () => {
  test('with other folders in the environment, and after the notice', async () => {
    const { world, tool, received } = await scene()
    await tool().onTerminal()
    const elsewhere = {
      XDG_STATE_HOME: join(world.home, 'state'),
      XDG_CONFIG_HOME: join(world.home, 'config'),
    }
    await tool().onTerminal(elsewhere)
    expect(await tool().telemetry('disable', elsewhere)).toMatchObject({ status: 0 })
    // Cron, another shell, a config that is rewritten or hidden: none of them can lose it.
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

  test('only in the shell, and the variable is gone later', async () => {
    const { tool, received } = await scene()
    await tool().onTerminal()
    await tool().telemetry('disable')
    for (const env of [{}, { TRIX_TELEMETRY: 'on' }, { XDG_CONFIG_HOME: '/tmp' }]) await tool().run(env)
    await received(0)
  })

  test('a copy of a no is a no, for every user', async () => {
    const { world, tool, received } = await scene()
    await tool().telemetry('disable')
    const copy = `${world.home}-copy`
    cpSync(world.home, copy, { recursive: true })
    await tool().run({ HOME: copy, TRIX_TELEMETRY: 'on' })
    await received(0)
  })
})

describe('a scope is part of the name', () => {
  test('two vendors share no folder, no consent and no id', async () => {
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
})

describe('a yes is for what was said yes to', () => {
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
    // Two versions side by side do not ask in turns.
    expect((await tool().onTerminal()).stdout).toBe('')
    await received(1)
    expect((await tool(change).onTerminal()).stdout).toBe('')
    await received(2)
  })

  test('a new command is nothing new', async () => {
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

  test('http is another receiver than https', async () => {
    const { world, tool, receiver } = await scene()
    const port = receiver.endpoint.split(':').at(-1)
    await tool({ endpoint: `https://0.0.0.0:${port}` }).onTerminal()
    await tool({ endpoint: `http://0.0.0.0:${port}` }).run()
    await helpersEnded(world)
    expect(receiver.requests).toEqual([])
  })

  test('a token of the config does not follow the tool to a new server', async () => {
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
  test('neither beats a no nor leads anywhere else', async () => {
    const { world, tool, endpoint, received } = await scene()
    const strange = await scene()
    const env = { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: `${strange.endpoint}?token=theirs` }
    await tool().run(env)
    await tool().onTerminal()
    await tool().telemetry('enable')
    await tool().run(env)
    await helpersEnded(world)
    await strange.received(0)
    // Another customer of the very service that the user has agreed to.
    await tool().run({ ...env, TRIX_TELEMETRY_ENDPOINT: `${endpoint}/?token=theirs` })
    await received(0)
    await tool().telemetry('disable')
    await tool().run({ TRIX_TELEMETRY: 'on' })
    await received(0)
  })
})

describe('what the notice says is the whole truth', () => {
  const all: Partial<TelemetryOptions> = {
    ...{ commands: ['build', 'db migrate'], failures: true, agents: true, environment: true },
    ...{ events: { deploy: { target: ['staging', 'live'] } }, resourceAttributes: { channel: 'beta' } },
    headers: { 'x-token': 'secret' },
  }
  test('every header and every attribute of a real request is listed', async () => {
    const raw: string[] = []
    const server = createServer(socket => {
      let text = ''
      socket.on('error', () => {})
      socket.on('data', chunk => {
        text += chunk
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
        const body = text.split('\r\n\r\n')[1]
        if (!body || body.length < length) return
        raw.push(text)
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve))
    onTestFinished(() => void server.close())
    const { world, tool } = await scene()
    const endpoint = `http://0.0.0.0:${(server.address() as { port: number }).port}`
    const act = "trackCommand('build'); trackEvent('deploy', { target: 'live' }); process.exit(1)"
    const real = tool({ ...all, endpoint }, act)
    const notice = (await real.onTerminal()).stdout.replace(/\s+/g, ' ')
    await real.run({ AI_AGENT: 'claude' })
    await until(() => raw.length > 0)
    await helpersEnded(world)
    const [head = '', body = ''] = raw[0]!.split('\r\n\r\n')
    const headers = head
      .split('\r\n')
      .slice(1)
      .map(line => line.split(':')[0]!.toLowerCase())
    const listed = /Headers (.*?) Off/.exec(notice)![1]!.split(', ')
    expect(headers.length).toBeGreaterThan(5)
    expect(listed).toEqual(expect.arrayContaining(headers))
    expect(head).not.toMatch(new RegExp(process.version.slice(1)))
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

    // And `preview --all` has each key, each value and each header.
    const { stdout } = await real.telemetry('preview --all')
    const texts = [...body.matchAll(/"(?:key|stringValue|name)":"([^"]+)"/g)].map(([, text]) => text!)
    const ids = Object.entries(attributesOf(body)).filter(([key]) => /fingerprint|instance/.test(key))
    expect(ids).toHaveLength(2)
    // Ids are random, and of a runtime's version it says that it is one.
    const others = texts.filter(text => !ids.some(([, id]) => id === text) && !/^\d+$/.test(text))
    for (const text of others) expect(stdout).toContain(text)
    for (const header of headers) expect(stdout).toContain(header)
    expect(stdout).not.toContain('secret')
  })
})

describe('an opt-out by another name is one', () => {
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
  ])('%s=%s is nothing: neither a yes nor a no', async (name, value) => {
    const { tool, received } = await scene()
    await tool().run({ [name]: value })
    await received(0)
    await tool().telemetry('enable')
    await tool().run({ [name]: value })
    await received(1)
  })
  test.each([
    'enabled = "false"',
    'Enabled = false',
    '[telemetry]\nenabeld = false',
    '[telemetry]\nairgapped = true',
    'disable_telemetry = true',
    '[trix.telemetry]\nenabled = false',
  ])('in the config: %j', async text => {
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
  /** Types into a pseudo-terminal: at once, and once something is shown there. */
  async function typed(world: World, path: string, before: string, after: string): Promise<string> {
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
  const asking = (tool: AnyTool) => {
    const cli = JSON.stringify(join(import.meta.dirname, '../dist/cli.js'))
    tool.edit(text =>
      text.replace(
        '} else {',
        `} else {\n  const { askConsent } = await import(${cli})\n  await askConsent({ timeoutMs: 1500 })`,
      ),
    )
    return tool.path
  }
  test('is not answered by what was typed before it was asked', async () => {
    const { world, tool, received } = await scene()
    const path = asking(tool({ consent: 'explicit' }))
    expect(await typed(world, path, 'y\ny\nyes\n', '')).toContain('[y/N]')
    expect(existsSync(join(world.state, 'consent.json'))).toBe(false)
    await received(0)
  })
  test('a stray Enter is no', async () => {
    const { world, tool, received } = await scene()
    await typed(world, asking(tool({ consent: 'explicit' })), '', '\n')
    expect(readFileSync(join(world.state, 'consent.json'), 'utf8')).toMatch(/^\{"no":/)
    await received(0)
  })
  test('a yes is counted from then on', async () => {
    const { world, tool, received } = await scene()
    await typed(world, asking(tool({ consent: 'explicit' })), '', 'y\n')
    await received(1)
  })
})

describe.runIf(isRoot)('what belongs to others', () => {
  test("another user's config is not obeyed", async () => {
    const { world, tool, received } = await scene()
    const folder = join(world.home, 'theirs')
    mkdirSync(join(folder, 'trix'), { recursive: true })
    writeFileSync(join(folder, 'trix/config.toml'), '[telemetry]\nenabled = true\n')
    chownSync(join(folder, 'trix/config.toml'), OTHER, OTHER)
    await tool().run({ XDG_CONFIG_HOME: folder })
    await received(0)
    expect((await tool().telemetry('status', { XDG_CONFIG_HOME: folder })).stdout).toMatch(/another user/)
  })

  test('as root in the home of a user nothing is changed, and the reason is said', async () => {
    const { world, tool, received } = await scene()
    await tool().onTerminal()
    await tool().run()
    await received(1)
    const own = (path: string) => {
      chownSync(path, OTHER, OTHER)
      if (statSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name))
    }
    own(world.home)
    const before = world
      .files()
      .map(file => [file, readFileSync(join(world.home, file), 'utf8'), statSync(join(world.home, file)).uid])
    for (const args of ['enable', 'disable', 'clear --yes', 'clear --all --yes']) {
      const { status, stdout, stderr } = await tool().telemetry(args)
      expect([args, status]).toEqual([args, 1])
      expect(stdout + stderr).toMatch(/another\s+user/)
    }
    expect((await tool().telemetry('status')).status).toBe(0)
    await tool().run({ TRIX_TELEMETRY: 'on' })
    const after = world
      .files()
      .map(file => [file, readFileSync(join(world.home, file), 'utf8'), statSync(join(world.home, file)).uid])
    expect(after).toEqual(before)
    await received(1)
  })
})

describe('explicit commands', () => {
  test('export makes no id, neither under DO_NOT_TRACK nor after disable', async () => {
    const { world, tool } = await scene()
    await tool().run({ TRIX_TELEMETRY: 'local' })
    await tool().telemetry('export --format otlp', { DO_NOT_TRACK: '1' })
    await tool().telemetry('disable')
    await tool().telemetry('export --format otlp')
    expect(world.files().filter(file => file.includes('fingerprint'))).toEqual([])
  })
  test('check asks nobody under DO_NOT_TRACK, and after disable', async () => {
    const { tool, received } = await scene()
    await tool().telemetry('check', { DO_NOT_TRACK: '1' })
    await tool().telemetry('disable')
    await tool().telemetry('check')
    await received(0)
  })
})

test("the helper's environment has nothing that runs code or trusts less", async () => {
  const { endpoint, connected } = await startHanging()
  const { world, tool } = await scene({ TRIX_TELEMETRY: 'on' })
  const bad = {
    ...{
      NODE_OPTIONS: '--title=x',
      BUN_OPTIONS: '--preload /x.ts',
      LD_PRELOAD: '',
    },
    ...{ NODE_TLS_REJECT_UNAUTHORIZED: '0', LD_AUDIT: '', DYLD_INSERT_LIBRARIES: '/x.dylib' },
  }
  await tool({ endpoint, timeoutMs: 60_000 }).run(bad)
  await connected
  const [pid] = helpers(world.home)
  const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
    .split('\0')
    .map(entry => entry.split('=')[0])
  for (const name of Object.keys(bad)) expect(names).not.toContain(name)
  process.kill(Number(pid), 'SIGKILL')
})

describe('what is printed acts on no terminal, and holds no password', () => {
  const ESC = '\u001b[2J\u009b2J\u202e'
  test.each<[string, Record<string, string>, Partial<TelemetryOptions>, string?]>([
    ['a variable', { TRIX_TELEMETRY: `x${ESC}` }, {}],
    ['the name of a variable', { 'TRIX_TELEMET\u001bRY': 'off' }, {}],
    ['a home', { HOME: `/nonexistent${ESC}` }, { command: false }],
    [
      'an endpoint',
      { TRIX_TELEMETRY_ENDPOINT: `https://otel.example.com/${ESC}\r\nTo https://nice.example` },
      {},
    ],
    ['an endpoint that is none', { TRIX_TELEMETRY_ENDPOINT: `${ESC}://user:SECRET@x` }, {}],
    ['a password', { TRIX_TELEMETRY_ENDPOINT: 'https://user:SECRET@otel.example.com' }, {}],
    ["the tool's password", {}, { endpoint: 'https://user:SECRET@otel.example.com' }],
    ['a config', {}, {}, `[telemetry]\nenabled = tr${ESC}ue # SECRET\n`],
    ['a key of a config', {}, {}, `[telemetry]\n"${JSON.stringify(ESC).slice(1, -1)}" = 1\n`],
  ])('%s', async (_, env, options, config) => {
    const { world, tool } = await scene()
    if (config) world.writeConfig(config)
    const one = tool(options)
    const outputs = [
      await one.run({ ...env, TRIX_TELEMETRY: env.TRIX_TELEMETRY ?? 'log' }),
      await one.onTerminal(env),
      ...(await Promise.all(
        ['status', 'status --json', 'prompt', 'enable', 'disable', 'check', 'preview', 'preview --all'].map(
          args => one.telemetry(args, env),
        ),
      )),
    ]
    for (const { stdout, stderr } of outputs) {
      // Enter and the carriage return of the terminal itself.
      expect((stdout + stderr).replaceAll('\r\n', '\n')).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u)
      if (!config) expect(stdout + stderr).not.toContain('SECRET')
    }
  })
})

describe('for others than the user', () => {
  test.runIf(isRoot)(
    "an administrator's no is a file below /etc/xdg, whatever the environment says",
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
        tool().by(`unshare -m sh ${enter} ${value}`, env, args)
      expect(await within('false', { TRIX_TELEMETRY: 'on', XDG_CONFIG_DIRS: '/nonexistent' })).toMatchObject({
        status: 0,
        stderr: '',
      })
      expect((await within('false', {}, 'telemetry status')).stdout).toMatch(/\/etc\/xdg\/trix\/config\.toml/)
      await received(0)
      // Nothing but a no is read of it.
      await within('true')
      await received(1)
    },
  )
})

test('in the tests of a tool nothing reaches a real endpoint', async () => {
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
    const page = readFileSync(join(import.meta.dirname, '../SECURITY.md'), 'utf8')
    const command = /```sh\n(npx -y esbuild@([\d.]+) [\s\S]*?)```/.exec(page)!
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../node_modules/esbuild/package.json'), 'utf8'),
    )
    expect(command[2]).toBe(version)
    const { world } = await scene()
    const root = join(world.cwd, 'node_modules/otlp-tally')
    for (const part of ['src/core', 'src/helper', 'dist', 'package.json'])
      cpSync(join(import.meta.dirname, '..', part), join(root, part), { recursive: true })
    const esbuild = join(import.meta.dirname, '../node_modules/.bin/esbuild')
    // The one that is installed here, not the registry's.
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
    await tool().by(`sh ${sh}`, { TRIX_TELEMETRY: 'local' })
    await tool().by(`sh ${sh}`, {}, 'telemetry enable')
    await tool().by(`sh ${sh}`)
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
    onTestFinished(async () => void (await Promise.all([to.close(), from.close()])))
    const { world, tool } = await scene({ TRIX_TELEMETRY: 'on' })
    await tool({ endpoint: from.endpoint, headers: { authorization: 'ours' } }).run()
    await from.arrived(1)
    await helpersEnded(world)
    expect(to.requests).toEqual([])
  })

  test('a .env that brings a config of its own says nothing against a no', async () => {
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

  test('disable leaves nothing that could be sent and no id, and reports nothing', async () => {
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

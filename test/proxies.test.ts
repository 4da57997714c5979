import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { helperEnvironment } from '../src/core/deliver/detached.ts'
import { helpers, helpersEnded, startHanging } from './helper.ts'
import { listen } from './loopback.ts'
import { hasProxies, isLinux } from './machine.ts'
import { startProxy } from './proxy.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, SILENT, type World } from './world.ts'

const tool = (endpoint: string, more = '') => `
  import { initTelemetry } from 'otlp-tally'
  initTelemetry({ name: 'trix', version: '1.0.0', endpoint: '${endpoint}', commands: ['build'], ${more} })
    .trackCommand('build')`

const makeUser = (env: Record<string, string> = {}): World => makeWorld({ TRIX_TELEMETRY: 'on', ...env })

/** The forms in which people write a proxy, all of which curl accepts. PORT is where it listens. */
const usable = [
  '127.0.0.1:PORT',
  'http://127.0.0.1:PORT',
  'http://127.0.0.1:PORT/',
  'HTTP://user:pass@localhost:PORT',
  ' 127.0.0.1:PORT ',
  'user:pass@127.0.0.1:PORT',
]
const unusable = [
  'socks5://127.0.0.1:PORT',
  'socks5h://127.0.0.1:PORT',
  'socks4a://127.0.0.1:PORT',
  '',
  'http://',
  '127.0.0.1:99999',
  'a b',
  '[::1',
  '://',
  '%',
]
const variables = ['http_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'all_proxy']

describe('a proxy variable', () => {
  // No such host: a request gets there only through the proxy.
  const endpoint = 'http://otel.invalid:4318'

  test
    .runIf(hasProxies)
    .each([...usable.map(form => ['HTTP_PROXY', form]), ...variables.map(name => [name, '127.0.0.1:PORT'])])(
    '%s=%s: the request goes through it',
    async (name, form) => {
      const { proxy, asked, receiver } = await startProxy()
      const world = makeUser({ [name!]: form!.replace('PORT', new URL(proxy).port) })
      for (const more of ['', "delivery: 'inline'"]) {
        expect(await world.script(tool(endpoint, more))).toEqual(SILENT)
        await helpersEnded(world)
      }
      expect(counts(receiver.requests)).toEqual({ build: 2 })
      expect(new Set(asked)).toEqual(new Set(['otel.invalid:4318']))
    },
  )

  test.each([
    ...[...usable, ...unusable].map(form => ['HTTP_PROXY', form]),
    ...variables.map(name => [name, 'socks5://127.0.0.1:PORT']),
  ])('%s=%s: a request to this machine does not go through it', async (name, form) => {
    const receiver = await startReceiver()
    let connections = 0
    const port = (await listen(createServer(() => connections++))).split(':')[1]!
    const world = makeUser({ [name!]: form!.replace('PORT', port) })
    expect(await world.script(tool(receiver.endpoint))).toEqual(SILENT)
    await helpersEnded(world)
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(connections).toBe(0)
  })
})

describe('the environment of a helper', () => {
  const url = 'https://otel.example.com/v1/metrics'

  /** What a helper gets where these variables are in the environment of its command. */
  function environment(given: Record<string, string>, to = url): NodeJS.ProcessEnv {
    const before = { ...process.env }
    Object.assign(process.env, given)
    try {
      return helperEnvironment(to)
    } finally {
      for (const name of Object.keys(given)) {
        if (before[name] === undefined) delete process.env[name]
        else process.env[name] = before[name]
      }
    }
  }

  test.each([
    [{ HTTPS_PROXY: 'proxy:3128' }, { HTTPS_PROXY: 'http://proxy:3128/' }],
    [{ https_proxy: 'https://u:p@proxy' }, { https_proxy: 'https://u:p@proxy/' }],
    [{ ALL_PROXY: 'proxy:80' }, { HTTPS_PROXY: 'http://proxy/', HTTP_PROXY: undefined }],
    [
      { ALL_PROXY: 'proxy:80', https_proxy: 'other:81' },
      { https_proxy: 'http://other:81/', HTTPS_PROXY: undefined },
    ],
    [
      { ALL_PROXY: 'socks5://proxy', HTTPS_PROXY: 'socks5h://proxy' },
      { HTTPS_PROXY: undefined, https_proxy: undefined },
    ],
    [
      { HTTP_PROXY: 'socks5://x', NO_PROXY: 'otel.example.com' },
      { HTTP_PROXY: undefined, NO_PROXY: 'otel.example.com' },
    ],
  ])('%o becomes %o', (given: Record<string, string>, expected: object) => {
    const made = environment(given)
    for (const [name, value] of Object.entries(expected)) expect(made[name], name).toBe(value)
    expect(made.NODE_USE_ENV_PROXY).toBe('1')
  })

  const dropped = {
    LD_PRELOAD: '/nowhere/spy.so',
    LD_AUDIT: '/nowhere/spy.so',
    DYLD_INSERT_LIBRARIES: '/x',
    DYLD_LIBRARY_PATH: '/x',
    BUN_OPTIONS: '--preload /x.js',
    BUN_INSPECT: 'ws://x',
    NODE_OPTIONS: '--no-warnings',
    NODE_DEBUG: 'http',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_V8_COVERAGE: '/nowhere/coverage',
    NODE_COMPILE_CACHE: '/nowhere/cache',
  }

  test.each(Object.entries(dropped))('does not have %s', (name, value) => {
    expect(environment({ [name]: value })[name]).toBeUndefined()
  })

  test('keeps a LD_PRELOAD through which the user sends all traffic (torsocks)', () => {
    const LD_PRELOAD = '/usr/lib/x86_64-linux-gnu/torsocks/libtorsocks.so'
    expect(environment({ LD_PRELOAD }).LD_PRELOAD).toBe(LD_PRELOAD)
  })

  test.runIf(isLinux)('is the one that a real helper has', async () => {
    const { endpoint, connected } = await startHanging()
    const world = makeUser({
      LD_PRELOAD: '',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      BUN_OPTIONS: '--smol',
      KEPT: 'yes',
    })
    const { status } = await world.script(tool(endpoint))
    expect(status).toBe(0)
    await connected
    const [pid] = helpers(world.home)
    const names = readFileSync(`/proc/${pid}/environ`, 'latin1')
      .split('\0')
      .map(entry => entry.replace(/=.*/s, ''))
    expect(names).toContain('KEPT')
    for (const name of Object.keys(dropped)) expect(names).not.toContain(name)
    process.kill(pid!, 'SIGKILL')
  })
})

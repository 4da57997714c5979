import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

const BIN = join(import.meta.dirname, '../dist/bin.js')
const EXAMPLES = join(import.meta.dirname, '../examples/count')

/** A user who has said yes in the config, with `otlp-tally` on the PATH and the example's options for a receiver here. */
async function user(config = 'enabled = true'): Promise<{ world: World; receiver: Receiver; file: string }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld()
  world.writeConfig(`[telemetry]\n${config}\n`)
  const folder = join(world.home, 'bin')
  mkdirSync(folder)
  writeFileSync(join(folder, 'otlp-tally'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, {
    mode: 0o755,
  })
  world.env.PATH = `${folder}:${world.env.PATH}`
  const file = join(world.cwd, 'telemetry.json')
  writeOptions(file, { endpoint: receiver.endpoint })
  return { world, receiver, file }
}

function writeOptions(file: string, changes: object): void {
  const options = JSON.parse(readFileSync(join(EXAMPLES, 'telemetry.json'), 'utf8'))
  writeFileSync(file, JSON.stringify({ ...options, ...changes }))
}

const count = (world: World, args: readonly string[], env: Record<string, string> = {}) =>
  runProcess('otlp-tally', ['count', ...args], { cwd: world.cwd, env: { ...world.env, ...env } })

const silent = { status: 0, signal: null, stdout: '', stderr: '' }

describe('otlp-tally count', () => {
  test('counts commands and events, and says nothing', async () => {
    const { world, receiver, file } = await user()
    const lines = [
      ['build'],
      ['pre-commit'],
      ['never-heard-of'],
      ['build_finished', 'target=debug', 'cached=true'],
      ['build_finished', 'target=secret', 'cached=true'],
    ]
    for (const line of lines) {
      expect(await count(world, [...line, '--options', file])).toEqual(silent)
      await helpersEnded(world)
    }
    expect(counts(receiver.requests)).toEqual({ build: 1, 'pre-commit': 1, unknown: 1 })
    expect(counts(receiver.requests, 'build_finished')).toEqual({ 'true,debug': 1 })
    const { resource } = JSON.parse(receiver.requests[0]!.body).resourceMetrics[0]
    expect(resource.attributes).toContainEqual({ key: 'service.version', value: { stringValue: '0.19.3' } })
  })

  test('the commands and the options of docs/other-languages.md', async () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/other-languages.md'), 'utf8')
    const block = (language: string) =>
      page.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm'))![1]!
    expect(JSON.parse(block('json'))).toEqual(
      JSON.parse(readFileSync(join(EXAMPLES, 'telemetry.json'), 'utf8')),
    )
    const { world, receiver } = await user()
    for (const line of block('sh').trim().split('\n')) {
      expect(await runProcess('sh', ['-c', line], world)).toEqual(silent)
      await helpersEnded(world)
    }
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(counts(receiver.requests, 'build_finished')).toEqual({ 'false,release': 1 })
  })

  test('--version replaces the version of the file', async () => {
    const { world, receiver, file } = await user()
    expect(await count(world, ['build', '--version', '2.0.0', '--options', file])).toEqual(silent)
    const [request] = await receiver.arrived(1)
    expect(request!.body).toContain('"service.version","value":{"stringValue":"2.0.0"}')
  })

  test.each([
    ['nobody has agreed', '', {}],
    ['DO_NOT_TRACK', 'enabled = true', { DO_NOT_TRACK: '1' }],
    ['off by variable', 'enabled = true', { TRIX_TELEMETRY: 'off' }],
    ['off by the config', 'enabled = false', { TRIX_TELEMETRY: 'on' }],
  ])('is silent and leaves nothing behind where %s', async (_, config, env) => {
    const { world, receiver, file } = await user(config)
    const before = world.files()
    // In a terminal a tool would show its notice here.
    const line = `otlp-tally count build --options ${file}`
    expect(await count(world, ['build', '--options', file], env as Record<string, string>)).toEqual(silent)
    const inTerminal = spawnSync('script', ['-qec', line, '/dev/null'], {
      cwd: world.cwd,
      env: { ...world.env, ...(env as Record<string, string>), TERM: 'xterm' },
      encoding: 'utf8',
      input: '',
    })
    expect({ status: inTerminal.status, stdout: inTerminal.stdout.replace('^D\b\b', '') }).toEqual({
      status: 0,
      stdout: '',
    })
    await helpersEnded(world)
    expect(world.files()).toEqual(before)
    expect(receiver.requests).toEqual([])
  })

  test('log explains', async () => {
    const { world, file } = await user('')
    const { status, stdout, stderr } = await count(world, ['build', '--options', file], {
      TRIX_TELEMETRY: 'log',
    })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toMatch(/^trix telemetry: this would be sent to http:\/\/127.*\n.*"build"/s)
  })

  test.each<[string, string | object | undefined, string[], string | RegExp]>([
    ['a file that is not there', undefined, ['build'], 'telemetry.json: there is no such file'],
    ['no JSON', '{', ['build'], /JSON/],
    ['no object', '[]', ['build'], /telemetry.json: (options: expected an object|name: expected)/],
    ['null', 'null', ['build'], 'telemetry.json: options: expected an object, got null'],
    ['no commands', { commands: undefined }, ['build'], 'telemetry.json: commands: expected a list of names'],
    ['a slip', { endpiont: 'x' }, ['build'], 'there is no such option; did you mean endpoint?'],
    ['an event', { events: { e: { a: 'text' } } }, ['build'], 'events: expected metrics'],
    ['attributes of a command', {}, ['build', 'a=b'], 'build: telemetry.json has no such event'],
    ['no pair', {}, ['build_finished', 'debug'], 'debug: expected key=value'],
  ])('a mistake is a sentence and exit code 2: %s', async (_, content, args, sentence) => {
    const { world, file } = await user()
    if (content === undefined) rmSync(file)
    else if (typeof content === 'string') writeFileSync(file, content)
    else writeOptions(file, content)
    const { status, stdout, stderr } = await count(world, [...args, '--options', 'telemetry.json'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^otlp-tally count: .*\n$/)
    expect(stderr).toMatch(sentence)
  })
})

describe('the examples count', () => {
  /** A copy of an example beside its options. */
  function copy(world: World, name: string): string {
    const path = join(world.cwd, name)
    copyFileSync(join(EXAMPLES, name), path)
    return path
  }

  async function arrive(world: World, receiver: Receiver) {
    await expect.poll(() => counts(receiver.requests), { timeout: 20_000 }).toEqual({ build: 1 })
    await expect
      .poll(() => counts(receiver.requests, 'build_finished'), { timeout: 20_000 })
      .toEqual({ 'false,release': 1 })
    await helpersEnded(world)
  }

  test('a Git hook, which stops no commit for it', async () => {
    const { world, receiver, file } = await user()
    const git = (...args: string[]) =>
      runProcess('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        cwd: world.cwd,
        env: { ...world.env, TRIX_OPTIONS: file },
      })
    await git('init', '-q')
    copyFileSync(join(EXAMPLES, 'pre-commit'), join(world.cwd, '.git/hooks/pre-commit'))
    expect(await git('commit', '-q', '--allow-empty', '-m', 'one')).toEqual(silent)
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ 'pre-commit': 1 })
    writeFileSync(file, 'not JSON')
    expect(await git('commit', '-q', '--allow-empty', '-m', 'two')).toEqual(silent)
    world.env.PATH = world.env.PATH!.replace(/^[^:]*:/, '')
    expect(await git('commit', '-q', '--allow-empty', '-m', 'three')).toEqual(silent)
    await helpersEnded(world)
  })

  test.each([
    ['Bash', 'bash', 'trix.sh'],
    ['Python', 'python3', 'trix.py'],
  ])('a tool in %s', async (_, program, name) => {
    const { world, receiver } = await user()
    const tool = copy(world, name)
    expect(await runProcess(program, [tool, 'build'], world)).toEqual({ ...silent, stdout: 'built\n' })
    await arrive(world, receiver)
    // Without otlp-tally it works as well.
    world.env.PATH = world.env.PATH!.replace(/^[^:]*:/, '')
    expect(await runProcess(program, [tool, 'build'], world)).toEqual({ ...silent, stdout: 'built\n' })
  })

  test('a tool in Go', async () => {
    const { world, receiver } = await user()
    const source = copy(world, 'trix.go')
    const env = {
      ...world.env,
      GO111MODULE: 'off',
      GOFLAGS: '',
      GOPROXY: 'off',
      GOCACHE: join(world.home, 'go'),
    }
    const built = await runProcess('go', ['build', '-o', 'trix', source], { cwd: world.cwd, env })
    expect(built).toEqual(silent)
    const tool = join(world.cwd, 'trix')
    expect(await runProcess(tool, ['build'], world)).toEqual({ ...silent, stdout: 'built\n' })
    await arrive(world, receiver)
    world.env.PATH = '/usr/bin:/bin'
    expect(await runProcess(tool, ['build'], world)).toEqual({ ...silent, stdout: 'built\n' })
    // Go compiles its standard library into an empty cache first.
  }, 120_000)
})

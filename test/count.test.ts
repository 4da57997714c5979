import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { BIN, ROOT } from './paths.ts'
import { counts, type Receiver, startReceiver } from './receiver.ts'
import { makeWorld, runOnTerminal, runProcess, SILENT, type World } from './world.ts'

const EXAMPLES = join(ROOT, 'examples/count')

/** A user who has agreed in the config, with `otlp-tally` on the PATH and the options of the example for a receiver. */
async function makeUser(
  config = 'enabled = true',
): Promise<{ world: World; receiver: Receiver; file: string }> {
  const receiver = await startReceiver()
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

describe('otlp-tally count', () => {
  test('counts commands and events, and prints nothing', async () => {
    const { world, receiver, file } = await makeUser()
    const lines = [
      ['build'],
      ['pre-commit'],
      ['never-heard-of'],
      ['build_finished', 'target=debug', 'cached=true'],
      ['build_finished', 'target=secret', 'cached=true'],
    ]
    for (const line of lines) {
      expect(await count(world, [...line, '--options', file])).toEqual(SILENT)
      await helpersEnded(world)
    }
    expect(counts(receiver.requests)).toEqual({ build: 1, 'pre-commit': 1, unknown: 1 })
    expect(counts(receiver.requests, 'build_finished')).toEqual({ 'true,debug': 1 })
    const { resource } = JSON.parse(receiver.requests[0]!.body).resourceMetrics[0]
    expect(resource.attributes).toContainEqual({ key: 'service.version', value: { stringValue: '0.19.3' } })
  })

  test('runs as the commands of docs/other-languages.md show it, with the options there', async () => {
    const page = readFileSync(join(ROOT, 'docs/other-languages.md'), 'utf8')
    const block = (language: string) =>
      page.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm'))![1]!
    expect(JSON.parse(block('json'))).toEqual(
      JSON.parse(readFileSync(join(EXAMPLES, 'telemetry.json'), 'utf8')),
    )
    const { world, receiver } = await makeUser()
    for (const line of block('sh').trim().split('\n')) {
      expect(await runProcess('sh', ['-c', line], world)).toEqual(SILENT)
      await helpersEnded(world)
    }
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    expect(counts(receiver.requests, 'build_finished')).toEqual({ 'false,release': 1 })
  })

  test('--version replaces the version in the file', async () => {
    const { world, receiver, file } = await makeUser()
    expect(await count(world, ['build', '--version', '2.0.0', '--options', file])).toEqual(SILENT)
    const [request] = await receiver.arrived(1)
    expect(request!.body).toContain('"service.version","value":{"stringValue":"2.0.0"}')
  })

  test.each([
    ['nobody has agreed', '', {}],
    ['DO_NOT_TRACK', 'enabled = true', { DO_NOT_TRACK: '1' }],
    ['off by variable', 'enabled = true', { TRIX_TELEMETRY: 'off' }],
    ['off by the config', 'enabled = false', { TRIX_TELEMETRY: 'on' }],
  ])('prints nothing and leaves no file, also in a terminal, where %s', async (_, config, given) => {
    const { world, receiver, file } = await makeUser(config)
    const before = world.files()
    const env = given as Record<string, string>
    const line = `otlp-tally count build --options ${file}`
    expect(await count(world, ['build', '--options', file], env)).toEqual(SILENT)
    expect(await runOnTerminal(line, { cwd: world.cwd, env: { ...world.env, ...env } })).toEqual(SILENT)
    await helpersEnded(world)
    expect(world.files()).toEqual(before)
    expect(receiver.requests).toEqual([])
  })

  test('in log mode prints what would be sent', async () => {
    const { world, file } = await makeUser('')
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
    ['no URL', { endpoint: 'localhost:4318' }, ['build'], 'endpoint: localhost:4318 is not a URL: put http'],
    ['a password', { endpoint: 'https://a:b@c.example' }, ['build'], 'endpoint: https://…@c.example: a user'],
    ['an event', { events: { e: { a: 'text' } } }, ['build'], 'events: expected metrics'],
    ['attributes of a command', {}, ['build', 'a=b'], 'build: telemetry.json has no such event'],
    ['no pair', {}, ['build_finished', 'debug'], 'debug: expected key=value'],
  ])('ends with 2 and one sentence for %s', async (_, content, args, sentence) => {
    const { world, file } = await makeUser()
    if (content === undefined) rmSync(file)
    else if (typeof content === 'string') writeFileSync(file, content)
    else writeOptions(file, content)
    const { status, stdout, stderr } = await count(world, [...args, '--options', 'telemetry.json'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^otlp-tally count: .*\n$/)
    expect(stderr).toMatch(sentence)
  })
})

describe('of the examples', () => {
  /** Copies an example to the folder of its options. */
  function copy(world: World, name: string): string {
    const path = join(world.cwd, name)
    copyFileSync(join(EXAMPLES, name), path)
    return path
  }

  /** The tool prints the same with and without `otlp-tally`, and is counted with it. */
  async function expectCounted(world: World, receiver: Receiver, program: string, ...args: string[]) {
    const run = () => runProcess(program, [...args, 'build'], world)
    expect(await run()).toEqual({ ...SILENT, stdout: 'built\n' })
    await expect.poll(() => counts(receiver.requests)).toEqual({ build: 1 })
    await expect.poll(() => counts(receiver.requests, 'build_finished')).toEqual({ 'false,release': 1 })
    await helpersEnded(world)
    world.env.PATH = world.env.PATH!.replace(/^[^:]*:/, '')
    expect(await run()).toEqual({ ...SILENT, stdout: 'built\n' })
  }

  test('the Git hook counts, and stops no commit where it cannot', async () => {
    const { world, receiver, file } = await makeUser()
    const git = (...args: string[]) =>
      runProcess('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        cwd: world.cwd,
        env: { ...world.env, TRIX_OPTIONS: file },
      })
    await git('init', '-q')
    copyFileSync(join(EXAMPLES, 'pre-commit'), join(world.cwd, '.git/hooks/pre-commit'))
    expect(await git('commit', '-q', '--allow-empty', '-m', 'one')).toEqual(SILENT)
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ 'pre-commit': 1 })
    writeFileSync(file, 'not JSON')
    expect(await git('commit', '-q', '--allow-empty', '-m', 'two')).toEqual(SILENT)
    world.env.PATH = world.env.PATH!.replace(/^[^:]*:/, '')
    expect(await git('commit', '-q', '--allow-empty', '-m', 'three')).toEqual(SILENT)
    await helpersEnded(world)
  })

  test.each([
    ['Bash', 'bash', 'trix.sh'],
    ['Python', 'python3', 'trix.py'],
  ])('the tool in %s is counted', async (_, program, name) => {
    const { world, receiver } = await makeUser()
    await expectCounted(world, receiver, program, copy(world, name))
  })

  test('the tool in Go is counted', async () => {
    const { world, receiver } = await makeUser()
    const source = copy(world, 'trix.go')
    // With the cache of this machine, or Go would compile its standard library first.
    const GOCACHE = process.env.GOCACHE ?? join(homedir(), '.cache/go-build')
    const env = { ...world.env, GO111MODULE: 'off', GOFLAGS: '', GOPROXY: 'off', GOCACHE }
    const built = await runProcess('go', ['build', '-o', 'trix', source], { cwd: world.cwd, env })
    expect(built).toEqual(SILENT)
    await expectCounted(world, receiver, join(world.cwd, 'trix'))
  })
})

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startReceiver } from './receiver.ts'
import { makeWorld, runProcess, type World } from './world.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
const CALLS =
  'network,process,openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat'

/** The lines that strace writes of a script and of what it starts. */
async function traced(code: string, world: World, calls = CALLS): Promise<string[]> {
  const log = join(world.cwd, 'strace.log')
  const script = code.replaceAll("'otlp-tally'", `'${join(import.meta.dirname, '../dist/index.js')}'`)
  const args = ['-f', '-y', '-qq', '-o', log, '-e', `trace=${calls}`, '-e', 'signal=none']
  const command = [...args, process.execPath, '--input-type=module', '-e', script]
  const { status, stderr } = await runProcess('strace', command, world)
  if (status !== 0) throw new Error(stderr)
  return readFileSync(log, 'utf8').split('\n')
}

/** The system calls of a whole process tree that open a socket, start a process, or make or change a file. */
async function effects(code: string, env: Record<string, string>): Promise<string[]> {
  return (
    (await traced(code, makeWorld(env)))
      .filter(line =>
        /\b(socket|connect|execve|fork|vfork|creat|mkdir|mkdirat|unlink|unlinkat|rename|renameat2?|link|linkat)\(|O_(WRONLY|RDWR|CREAT)/.test(
          line,
        ),
      )
      // Threads are not processes, and node's own start is the one execve that there is without us.
      .filter(line => !/execve\("[^"]*node/.test(line) && !line.includes('/dev/'))
  )
}

const track = `
  import { initTelemetry, trackCommand } from 'otlp-tally'
  initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009' })
  trackCommand('build')
`

describe.skipIf(!hasStrace)(
  'seen by strace, a run opens no socket, starts no process and writes no file',
  () => {
    test.each([
      ['that is switched off by the environment', { TRIX_TELEMETRY: 'off' }],
      ['with a word that nobody knows', { TRIX_TELEMETRY: 'onn' }],
      ['that is the helper', { OTLP_TALLY_HELPER: '' }],
      ['with DO_NOT_TRACK', { DO_NOT_TRACK: '1' }],
      ['in CI', { CI: 'true' }],
      ['whose notice has not been shown', {}],
      ['in log mode', { TRIX_TELEMETRY: 'log' }],
    ])('%s', async (_, env) => {
      expect(await effects(track, env as Record<string, string>)).toEqual([])
    })

    test('that only imports', async () => {
      expect(await effects(`import 'otlp-tally'`, { TRIX_TELEMETRY: 'on' })).toEqual([])
    })

    test('(and one that is on does all three, so that this test can fail)', async () => {
      const seen = (await effects(track, { TRIX_TELEMETRY: 'on' })).join('\n')
      expect(seen).toMatch(/mkdir/)
      expect(seen).toMatch(/O_APPEND/)
      expect(seen).toMatch(/socket\(AF_INET/)
    })
  },
)

describe.skipIf(!hasStrace)('an opt-out by the environment touches nothing', () => {
  test.each([{ TRIX_TELEMETRY: 'off' }, { DO_NOT_TRACK: '1' }, { CI: 'true' }])('%j', async env => {
    const world = makeWorld(env as Record<string, string>)
    world.writeConfig('[telemetry]\nenabled = true\n')
    const lines = await traced(track, world, 'file,desc,network,process')
    expect(lines.filter(line => /\.config|\.local/.test(line))).toEqual([])
  })
})

test.skipIf(!hasStrace)('what an ordinary run costs in system calls, by name', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
  world.writeConfig('[telemetry]\n')
  await world.script(track)
  await receiver.arrived(1)
  // The helper of the first run writes down what was accepted; from then on a run is an ordinary one.
  const left = () => world.files().flatMap(file => /\/!|=build!\d+$/.exec(file)?.[0].slice(0, 7) ?? [])
  await expect.poll(left).toEqual(['=build!'])
  const files = world.files()
  const lines = await traced(track, world, 'file,network,process,write,writev,pwrite64,ftruncate,fsync')
  await receiver.arrived(2)
  expect(world.files()).toEqual(files)

  const [command] = lines[0]!.split(' ')
  const named = (path: string) =>
    path
      .slice(world.home.length + 1)
      .replace(/1\.0\.0-[0-9a-f]{8}/, '<stream>')
      .replace(/\/$/, '')
  const ours = lines.filter(line => line.startsWith(`${command} `) && line.includes(`${world.home}/`))
  const of = (call: RegExp) =>
    ours.filter(line => call.test(line)).map(line => named(/"([^"]+)"/.exec(line)![1]!))
  const state = '.local/state/trix'
  const stream = `${state}/tallies/<stream>`
  const tally = `${stream}/command_invocation/command_name=build`
  // No more than version 0.1 opened.
  expect(of(/ open(at)?\(/)).toEqual([
    '.config/trix/config.toml',
    `${state}/fingerprint`,
    `${stream}/instance`,
    // The mark. All that is sent is read by the helper.
    tally,
  ])
  // Looked at by name: whose folder it is, and whether there is a config. Version 0.1 looked at five.
  expect(of(/ (statx|newfstatat|stat|lstat|access|readlink)\((AT_FDCWD|")[^"]*"\/|access\("/)).toEqual([
    state,
    '.config/trix/config.toml',
  ])
  // Made, renamed, removed: nothing. Written: one mark of 14 bytes.
  expect(of(/ (mkdir|rename|unlink|link|symlink|chmod|chown|utime)\w*\(/)).toEqual([])
  const writes = ours.filter(line => / (write|writev|pwrite64|ftruncate|fsync)\(/.test(line))
  expect(writes.map(line => named(/<([^>]+)>/.exec(line)![1]!))).toEqual([tally])
  expect(writes[0]).toMatch(/"\d{13}\\n", 14\) += 14$/)

  // One process is started, and the command itself opens no socket.
  expect(lines.filter(line => line.includes(' execve("'))).toHaveLength(2)
  const started = lines.find(line => line.includes(' execve("') && !line.startsWith(`${command} `))!
  const helper = started.split(' ')[0]
  expect(lines.filter(line => line.startsWith(`${command} `) && / (socket|connect)\(/.test(line))).toEqual([])
  // The helper lists two folders, reads one file per series and lists again, and writes, makes and removes nothing.
  const others = lines.filter(line => !line.startsWith(`${command} `) && line.includes(`${world.home}/`))
  expect(others.filter(line => !line.startsWith(`${helper} `))).toEqual([])
  const opened = others.filter(line => / open(at)?\(/.test(line))
  expect(opened.map(line => named(/"([^"]+)"/.exec(line)![1]!))).toEqual([
    stream,
    `${stream}/command_invocation`,
    tally,
    stream,
    `${stream}/command_invocation`,
  ])
  for (const line of opened) expect(line).toMatch(/ O_RDONLY\b/)
  expect(
    others.filter(line => !/ (open|openat|stat|lstat|statx|newfstatat|access|readlink)\(/.test(line)),
  ).toEqual([])
})

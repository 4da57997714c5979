import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { hasStrace } from './machine.ts'
import { consentedUser } from './receiver.ts'
import { linked, makeWorld, runProcess, SILENT, type World } from './world.ts'

const CALLS =
  'network,process,openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat'

/** The lines that strace writes of a script and of all processes that it starts. */
async function traced(code: string, world: World, calls = CALLS): Promise<string[]> {
  const log = join(world.cwd, 'strace.log')
  const args = ['-f', '-y', '-qq', '-o', log, '-e', `trace=${calls}`, '-e', 'signal=none']
  const command = [...args, process.execPath, '--input-type=module', '-e', linked(code)]
  const { status, stderr } = await runProcess('strace', command, world)
  if (status !== 0) throw new Error(stderr)
  return readFileSync(log, 'utf8').split('\n')
}

/** The system calls of a script that open a socket, start a process, or make or change a file. */
async function effects(code: string, env: Record<string, string>): Promise<string[]> {
  return (
    (await traced(code, makeWorld(env)))
      .filter(line =>
        /\b(socket|connect|execve|fork|vfork|creat|mkdir|mkdirat|unlink|unlinkat|rename|renameat2?|link|linkat)\(|O_(WRONLY|RDWR|CREAT)/.test(
          line,
        ),
      )
      // The one execve without us is Node's own start.
      .filter(line => !/execve\("[^"]*node/.test(line) && !line.includes('/dev/'))
  )
}

const track = `
  import { initTelemetry, trackCommand } from 'otlp-tally'
  initTelemetry({ name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:65009', commands: ['build'] })
  trackCommand('build')
`

describe.skipIf(!hasStrace)(
  'seen by strace, a run opens no socket, starts no process and writes no file',
  () => {
    test.each([
      ['that is switched off by the environment', { TRIX_TELEMETRY: 'off' }],
      ['with a value that is not understood', { TRIX_TELEMETRY: 'onn' }],
      ['that is the helper', { OTLP_TALLY_HELPER: '' }],
      ['with DO_NOT_TRACK', { DO_NOT_TRACK: '1' }],
      ['in CI', { CI: 'true' }],
      ['by a coding agent', { CLAUDECODE: '1' }],
      ['whose notice has not been shown', {}],
      ['in log mode', { TRIX_TELEMETRY: 'log' }],
    ])('%s', async (_, env) => {
      expect(await effects(track, env as Record<string, string>)).toEqual([])
    })

    test('that only imports', async () => {
      expect(await effects(`import 'otlp-tally'`, { TRIX_TELEMETRY: 'on' })).toEqual([])
    })

    test('(a run that is on does all three)', async () => {
      const seen = (await effects(track, { TRIX_TELEMETRY: 'on' })).join('\n')
      expect(seen).toMatch(/mkdir/)
      expect(seen).toMatch(/O_APPEND/)
      expect(seen).toMatch(/socket\(AF_INET/)
    })
  },
)

test('where stderr is a pipe or /dev/null, Node loads no code that writes there', async () => {
  const { cwd, env } = makeWorld()
  const code = linked(`${track}
    import { writeSync } from 'node:fs'
    const writers = ['tty', 'net', 'internal/fs/sync_write_stream'].map(name => 'NativeModule ' + name)
    writeSync(1, String(process.moduleLoadList.filter(name => writers.includes(name))))`)
  for (const stderr of ['', '2>/dev/null']) {
    const line = ['-c', `"$0" "$@" ${stderr}`, process.execPath, '--input-type=module', '-e', code]
    expect(await runProcess('sh', line, { cwd, env })).toEqual(SILENT)
  }
})

describe.skipIf(!hasStrace)('an opt-out by the environment looks at no file of the home', () => {
  test.each([{ TRIX_TELEMETRY: 'off' }, { DO_NOT_TRACK: '1' }, { TRIX_NO_TELEMETRY: '1' }])(
    '%j',
    async env => {
      const world = makeWorld(env as Record<string, string>)
      world.writeConfig('[telemetry]\nenabled = true\n')
      const lines = await traced(track, world, 'file,desc,network,process')
      expect(lines.filter(line => /\.config|\.local/.test(line))).toEqual([])
    },
  )
})

test.skipIf(!hasStrace)('an ordinary run opens, looks at and writes these files, and no others', async () => {
  const { world, receiver } = await consentedUser()
  world.writeConfig('[telemetry]\n')
  await world.script(track)
  await receiver.arrived(1)
  await helpersEnded(world)
  const files = world.files()
  const calls = 'file,network,process,write,writev,pwrite64,ftruncate,fsync,fdatasync'
  const lines = await traced(track, world, calls)
  await receiver.arrived(2)
  await helpersEnded(world)
  expect(world.files()).toEqual(files)

  const [command] = lines[0]!.split(' ')
  const named = (path: string) =>
    path
      .slice(world.home.length + 1)
      .replace(/1\.0\.0-[0-9a-f]{8}-[0-9a-f]{8}\.log/, '<log>')
      .replace(/\/$/, '')
  const inHome = lines.filter(line => line.includes(`${world.home}/`))
  const ours = inHome.filter(line => line.startsWith(`${command} `))
  const namesIn = (lines: string[], call: RegExp) =>
    lines.filter(line => call.test(line)).map(line => named(/"([^"]+)"/.exec(line)![1]!))
  const OPEN = / open(at)?\(/
  const LOOK = / (statx|newfstatat|stat|lstat|access|readlink)\((AT_FDCWD|")[^"]*"\/|access\("/
  const state = '.local/state/trix'
  const log = `${state}/v1/<log>`
  expect(namesIn(ours, OPEN)).toEqual(['.config/trix/config.toml', log])
  expect(namesIn(ours, LOOK)).toEqual([state, '.config/trix/config.toml', `${state}/consent.json`])
  const CHANGE = / (mkdir|rename|unlink|link|symlink|chmod|chown|utime)\w*\(/
  const WRITE = / (write|writev|pwrite64|ftruncate|fsync|fdatasync)\(/
  expect(namesIn(ours, CHANGE)).toEqual([])
  const writes = (lines: string[]) =>
    lines
      .filter(line => WRITE.test(line))
      .map(line => [named(/<([^>]+)>/.exec(line)![1]!), /"(\\n[!a-z_]+)/.exec(line)?.[1] ?? 'sync'])
  expect(writes(ours)).toEqual([[log, '\\ncommand_invocation']])

  // The command starts one process, its helper, and opens no socket.
  expect(lines.filter(line => line.includes(' execve("'))).toHaveLength(2)
  const started = lines.find(line => line.includes(' execve("') && !line.startsWith(`${command} `))!
  const helper = started.split(' ')[0]
  expect(lines.filter(line => line.startsWith(`${command} `) && / (socket|connect)\(/.test(line))).toEqual([])

  const others = inHome.filter(line => !line.startsWith(`${command} `))
  // The helper's threads only sync.
  expect(others.filter(line => !line.startsWith(`${helper} `) && !/ fdatasync\(/.test(line))).toEqual([])
  expect(namesIn(others, OPEN)).toEqual([`${state}/fingerprint`, log, `${state}/v1`, `${state}/v1`])
  expect(namesIn(others, CHANGE)).toEqual([])
  expect(writes(others)).toEqual([
    [log, '\\n!send'],
    [log, 'sync'],
    [log, '\\n!taken'],
  ])
})

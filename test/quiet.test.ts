import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeWorld, type World } from './world.ts'

const hasStrace = spawnSync('strace', ['-V']).status === 0
const CALLS =
  'network,process,openat,open,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,link,linkat'

/** The lines that strace writes of a script and of what it starts. */
function traced(code: string, world: World): string[] {
  const log = join(world.cwd, 'strace.log')
  const script = code.replaceAll("'otlp-tally'", `'${join(import.meta.dirname, '../dist/index.js')}'`)
  const args = ['-f', '-qq', '-o', log, '-e', `trace=${CALLS}`, '-e', 'signal=none']
  const { status, stderr } = spawnSync(
    'strace',
    [...args, process.execPath, '--input-type=module', '-e', script],
    { cwd: world.cwd, env: world.env, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return readFileSync(log, 'utf8').split('\n')
}

/** The system calls of a whole process tree that open a socket, start a process, or make or change a file. */
function effects(code: string, env: Record<string, string>): string[] {
  return (
    traced(code, makeWorld(env))
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
      ['with DO_NOT_TRACK', { DO_NOT_TRACK: '1' }],
      ['in CI', { CI: 'true' }],
      ['whose notice has not been shown', {}],
      ['in log mode', { TRIX_TELEMETRY: 'log' }],
    ])('%s', (_, env) => {
      expect(effects(track, env as Record<string, string>)).toEqual([])
    })

    test('that only imports', () => {
      expect(effects(`import 'otlp-tally'`, { TRIX_TELEMETRY: 'on' })).toEqual([])
    })

    test('(and one that is on does all three, so that this test can fail)', () => {
      const seen = effects(track, { TRIX_TELEMETRY: 'on' }).join('\n')
      expect(seen).toMatch(/mkdir/)
      expect(seen).toMatch(/O_APPEND/)
      expect(seen).toMatch(/socket\(AF_INET/)
    })
  },
)

test.skipIf(!hasStrace)(
  'what a run that counts and sends costs in system calls: these files are looked at, one process is started',
  () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'on' })
    world.writeConfig('[telemetry]\n')
    traced(track, world)
    const lines = traced(track, world)
    const [command] = lines[0]!.split(' ')
    const opened = lines
      .filter(line => line.startsWith(`${command} `) && line.includes(world.home))
      .map(line => /"([^"]+)"/.exec(line)![1]!.slice(world.home.length + 1))
      .map(path => path.replace(/1\.0\.0-[0-9a-f]{8}/, '<stream>').replace(/\/$/, ''))
    const state = '.local/state/trix'
    expect(opened).toEqual([
      '.config/trix/config.toml',
      `${state}/fingerprint`,
      `${state}/tallies/<stream>/instance`,
      // The mark, then all that is sent: two folders, one file a series.
      `${state}/tallies/<stream>/command_invocation/command_name=build`,
      `${state}/tallies/<stream>`,
      `${state}/tallies/<stream>/command_invocation`,
      `${state}/tallies/<stream>/command_invocation/command_name=build`,
    ])
    expect(lines.filter(line => line.includes('execve("'))).toHaveLength(2)
  },
)

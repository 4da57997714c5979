import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { noticePath, withTerms, writeAnswers } from '../src/core/decide/consent.ts'
import { makeTool, startBackend } from './counting.ts'
import { hasStrace } from './machine.ts'

/** The system calls of the command's own process for our files, the configs and the namespace: `openat …/notice`. */
function callsIn(trace: string, home: string): string[] {
  const lines = readFileSync(trace, 'utf8').split('\n')
  const [pid] = lines[0]!.split(' ')
  const about = new RegExp(`${home}|/etc/xdg|/proc/self/ns|/proc/1/`)
  return lines
    .filter(line => line.startsWith(`${pid} `) && about.test(line) && !line.includes('execve('))
    .map(line => {
      const [, call, path] = /^\d+ +(\w+)\(.*?[<"]([^<>"]*)[>"]/.exec(line.replace(/AT_FDCWD<[^>]*>, /, ''))!
      return `${call} ${path!.replace(home, '~').replace(/[^/]*\.log/, 'log')}`
    })
}

describe.runIf(hasStrace)('a command that counts', () => {
  /** The calls of a third command, of a user who has seen the notice. `prepare` gets the folder of the logs. */
  async function traced(prepare?: (folder: string) => void) {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    const { world } = tool
    delete world.env.TRIX_TELEMETRY
    const terms = { origin: endpoint, noticeVersion: 1, kinds: ['commands'] }
    writeAnswers(noticePath(world.state), { shown: withTerms({}, terms, Date.now()) })
    for (let i = 0; i < 2; i++) await tool.run(endpoint)
    prepare?.(join(world.state, 'v1'))
    const trace = join(world.cwd, 'trace')
    const within = ['strace', '-f', '-y', '-qq', '-s', '200', '-o', trace]
    await tool.run(endpoint, ['build'], { within })
    expect(bodies).toHaveLength(3)
    return callsIn(trace, world.home)
  }

  test('makes at most 18 system calls of its own before it starts its helper', async () => {
    const calls = await traced()
    expect(calls.length).toBeLessThanOrEqual(18)
    expect(calls.slice(-6)).toEqual([
      ...['openat ~/.local/state/trix/v1/log', 'statx ~/.local/state/trix/v1/log'],
      ...['pread64 ~/.local/state/trix/v1/log', 'write ~/.local/state/trix/v1/log'],
      ...['close ~/.local/state/trix/v1/log', 'statx /proc/self/ns/pid'],
    ])
  })

  test('makes the same calls where there are 200 other logs', async () => {
    const names = (calls: readonly string[]) => [...calls].sort()
    const calls = await traced(folder => {
      mkdirSync(join(folder, 'local'), { recursive: true })
      for (let i = 0; i < 200; i++) writeFileSync(join(folder, `${i}.0.0-12345678-12345678.log`), '')
    })
    expect(names(calls)).toEqual(names(await traced()))
    expect(calls.filter(call => /getdents|unlink|rename|sync/.test(call))).toEqual([])
  })
})

import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { all, countedBy, resourceValues } from '../consumers.ts'
import { makeTool, startBackend, type Tool } from '../counting.ts'
import { helpersEnded } from '../helper.ts'
import { hasStrace, isRoot } from '../machine.ts'

// Real processes on a disk that fails or is full, or without a system call. strace makes system calls fail.

const strace = (...options: string[]) => ['strace', '-f', '-qq', '-o', '/dev/null', ...options]
const logOf = ({ world, logs }: Tool) => join(world.state, 'v1', logs().find(name => name.endsWith('.log'))!)

describe.runIf(hasStrace)('a count is exact', () => {
  test('where closing the log fails after a mark was written', async () => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    await tool.run(endpoint)
    const within = strace('-P', logOf(tool), '-e', 'trace=close', '-e', 'inject=close:error=EIO')
    for (let i = 0; i < 3; i++) await tool.run(endpoint, ['build'], { within })
    await tool.run(endpoint)
    expect(countedBy(bodies)).toEqual(all(5))
    expect(resourceValues(bodies, 'user.fingerprint').size).toBe(1)
  })

  test.each([
    ['first', 'the command counts nothing', 1, 7],
    ['second', 'the next command sends its count', 2, 9],
  ])('where the %s read of the log fails: %s', async (_read, _effect, when, counted) => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    const options = { timeoutMs: 2000 }
    for (let i = 0; i < 3; i++) await tool.run(endpoint, ['build', 'lint'])
    const fault = `inject=pread64:error=EIO:when=${when}`
    const within = strace('-P', logOf(tool), '-e', 'trace=pread64', '-e', fault)
    for (let i = 0; i < 2; i++) await tool.run(endpoint, ['lint'], { within, options })
    await tool.canSend()
    await tool.run(endpoint)
    expect(tool.marks()).toBe(counted)
    expect(countedBy(bodies)).toEqual(all(counted))
  })

  test('where there is no statx, and the log and the fingerprint get other rights and a hard link', async () => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    const within = strace('-e', 'trace=statx', '-e', 'inject=statx:error=ENOSYS')
    for (let i = 0; i < 2; i++) await tool.run(endpoint, ['build'], { within })
    // Without statx the time of the last change is reported as the time of birth. Wait, so that the changes below are later.
    await sleep(1100)
    for (const path of [logOf(tool), join(tool.world.state, 'fingerprint')]) {
      chmodSync(path, 0o640)
      linkSync(path, `${path}.backup`)
    }
    for (let i = 0; i < 2; i++) await tool.run(endpoint, ['build'], { within })
    expect(countedBy(bodies)).toEqual(all(4))
    for (const key of ['service.instance.id', 'user.fingerprint'])
      expect(resourceValues(bodies, key).size).toBe(1)
  })

  test('where two commands find at once that the fingerprint has expired', async () => {
    const { endpoint, bodies, offline } = await startBackend()
    const tool = makeTool()
    await tool.run(endpoint)
    const path = join(tool.world.state, 'fingerprint')
    const [id, , ...stamp] = readFileSync(path, 'utf8').split(' ')
    writeFileSync(path, [id, Date.now() - 400 * 86_400_000, ...stamp].join(' '))
    // The helper of this command sets the log aside, since the fingerprint has expired.
    await tool.run(endpoint)
    expect(bodies).toHaveLength(1)
    // One command is held up before it removes the old fingerprint, while others replace it.
    const within = strace('-P', path, '-e', 'trace=rename', '-e', 'inject=rename:delay_enter=1500000:when=1')
    const held = tool.start(endpoint, ['check'], { within })
    await sleep(700)
    await offline(async () => {
      for (let i = 0; i < 3; i++) await tool.start(endpoint, ['check'])
    })
    expect(await held).toMatchObject({ status: 0, stderr: '' })
    await helpersEnded(tool.world)
    await tool.run(endpoint, ['check'])
    const since = bodies.slice(1)
    expect(resourceValues(since, 'user.fingerprint')).toEqual(
      new Set([readFileSync(path, 'utf8').split(' ')[0]]),
    )
    expect(resourceValues(since, 'user.fingerprint')).not.toContain(id)
    expect(countedBy(since)).toEqual(all(5))
  })
})

describe.runIf(isRoot)('what cannot be stored is neither counted nor sent', () => {
  /** Runs the command in a new mount namespace, after these lines. */
  const inMounts = (lines: string) => ['unshare', '-m', 'sh', '-c', `set -e\n${lines}\n"$@"`, 'sh']
  const readOnly = (home: string) =>
    inMounts(`mount --bind ${home} ${home}; mount -o remount,bind,ro ${home}`)

  test('in a home that is read-only', async () => {
    const { endpoint, requests } = await startBackend()
    const { run, world } = makeTool()
    for (let i = 0; i < 3; i++) await run(endpoint, ['build'], { within: readOnly(world.home) })
    expect([requests, world.files()]).toEqual([[], []])
  })

  test('in a home that becomes read-only; once it is writable again, counting goes on', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, world } = makeTool()
    for (let i = 0; i < 2; i++) await run(endpoint)
    for (let i = 0; i < 3; i++) await run(endpoint, ['build'], { within: readOnly(world.home) })
    expect(bodies).toHaveLength(2)
    await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(3))
  })

  test('on a full disk that has room for a part of a mark', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, canSend, world } = makeTool()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', world.home])
    try {
      await run(endpoint)
      const path = join(world.state, 'v1', readdirSync(join(world.state, 'v1'))[0]!)
      // 20 bytes are left in the last page, and no other page.
      const free = 20
      execFileSync('sh', ['-c', 'head -c 65536 /dev/zero > "$1/filler" || true', 'sh', world.home], {
        stdio: 'ignore',
      })
      writeFileSync(path, '\n'.repeat(4096 - free - statSync(path).size), { flag: 'a' })
      for (let i = 0; i < 2; i++) await run(endpoint)
      expect(statSync(path).size).toBe(4096)
      execFileSync('rm', [join(world.home, 'filler')])
      await canSend()
      await run(endpoint)
      expect(countedBy(bodies)).toEqual(all(2))
      expect(resourceValues(bodies, 'service.instance.id').size).toBe(1)
    } finally {
      execFileSync('umount', ['-l', world.home])
    }
  })

  test('on a disk that has no room for the first files, and no file is left half written', async () => {
    const { endpoint, bodies } = await startBackend()
    for (let inodes = 2; inodes <= 8; inodes++) {
      const { run, world } = makeTool()
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=1m,nr_inodes=${inodes}`, 'none', world.home])
      try {
        for (let i = 0; i < 2; i++) await run(endpoint)
        expect(world.files().filter(file => !/\/fingerprint$|\/v1\/[^/]*\.log$/.test(file))).toEqual([])
        execFileSync('mount', ['-o', 'remount,nr_inodes=100', world.home])
        await run(endpoint)
      } finally {
        execFileSync('umount', ['-l', world.home])
      }
    }
    const { byStart, byTime } = countedBy(bodies)
    expect(byStart).toBe(byTime)
    expect(byStart).toBeGreaterThanOrEqual(7)
    expect(byStart).toBeLessThanOrEqual(21)
  })
})

test('a copied home is an installation of its own, also when commands run in both homes at once', async () => {
  const { endpoint, bodies } = await startBackend()
  const { run, start, canSend, world } = makeTool()
  for (let i = 0; i < 3; i++) await run(endpoint)
  const copy = join(world.cwd, 'copy')
  execFileSync('cp', ['-a', world.home, copy])
  const env = { HOME: copy }
  await Promise.all(Array.from({ length: 6 }, () => start(endpoint, ['build'], { env })))
  await Promise.all([run(endpoint), run(endpoint, ['build'], { env })])
  await helpersEnded({ home: copy })
  await canSend()
  for (const more of [{}, { env }]) await run(endpoint, ['build'], more)
  await helpersEnded({ home: copy })
  expect(countedBy(bodies)).toEqual(all(3 + 6 + 2 + 2))
  expect(resourceValues(bodies, 'user.fingerprint').size).toBe(2)
})

describe("with delivery: 'inline', the next command sends all counts of six simultaneous commands", () => {
  test.each<[string, string]>([
    ['that end immediately', 'process.exit()'],
    ['that end within a few milliseconds', 'setTimeout(() => process.exit(), 3)'],
    ['that count again', "await flushTelemetry(); trackCommand('build')"],
  ])('%s', async (_, after) => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, world, marks, canSend } = makeTool()
    const options = { delivery: 'inline', timeoutMs: 2000 }
    const how = { options, after }
    await run(endpoint, ['build'], { options })
    await Promise.all(Array.from({ length: 6 }, () => start(endpoint, ['build', 'test'], how)))
    await helpersEnded(world)
    // A command that ends while its request is under way leaves a claim, which has to expire.
    await canSend()
    await run(endpoint, ['build'], { options })
    expect(countedBy(bodies)).toMatchObject({ byStart: marks(), byArrival: marks() })
  })
})

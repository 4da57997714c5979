import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { all, countedBy, resourceValues } from './consumers.ts'
import { aWhile, makeTool, startBackend, type Tool } from './counting.ts'
import { helpersEnded } from './helper.ts'

// Real processes on a disk that fails, or knows less than others. What it is made to do is injected into system calls.

const hasStrace = spawnSync('strace', ['-V']).status === 0
const isRoot = process.geteuid?.() === 0

const strace = (...options: string[]) => ['strace', '-f', '-qq', '-o', '/dev/null', ...options]
const logOf = ({ world, logs }: Tool) => join(world.state, 'v1', logs().find(name => name.endsWith('.log'))!)

describe.runIf(hasStrace)('a count is exact', () => {
  test('where closing a file fails after it was written', async () => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    await tool.run(endpoint)
    const within = strace('-P', logOf(tool), '-e', 'trace=close', '-e', 'inject=close:error=EIO')
    for (let i = 0; i < 3; i++) await tool.run(endpoint, ['build'], { within })
    await tool.run(endpoint)
    expect(countedBy(bodies)).toEqual(all(5))
    expect(resourceValues(bodies, 'user.fingerprint').size).toBe(1)
  })

  test.each([1, 2])('where the log cannot be read for once, the %i. time', async when => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    for (let i = 0; i < 3; i++) await tool.run(endpoint, ['build', 'lint'])
    const fault = `inject=pread64:error=EIO:when=${when}`
    const within = strace('-P', logOf(tool), '-e', 'trace=pread64', '-e', fault)
    for (let i = 0; i < 2; i++) await tool.run(endpoint, ['lint'], { within })
    await aWhile()
    await tool.run(endpoint)
    // Where the command itself cannot see what file it has in its hands, it does not count.
    expect(tool.marks()).toBe(when === 1 ? 7 : 9)
    expect(countedBy(bodies)).toEqual(all(tool.marks()))
  })

  test('where the system knows no statx, whatever else changes a file', async () => {
    const { endpoint, bodies } = await startBackend()
    const tool = makeTool()
    const within = strace('-e', 'trace=statx', '-e', 'inject=statx:error=ENOSYS')
    for (let i = 0; i < 2; i++) await tool.run(endpoint, ['build'], { within })
    for (const path of [logOf(tool), join(tool.world.state, 'fingerprint')]) {
      // A backup by hard links, other rights: the time of the last change is not the one of the birth.
      await aWhile(1100)
      chmodSync(path, 0o640)
      linkSync(path, `${path}.backup`)
    }
    await aWhile(1100)
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
    // Its helper sets the log aside, under the id that has ended.
    await tool.run(endpoint)
    expect(bodies).toHaveLength(1)
    // The one is held up before it removes what it has read, and another one has replaced it meanwhile.
    const within = strace('-P', path, '-e', 'trace=rename', '-e', 'inject=rename:delay_enter=1500000:when=1')
    const held = tool.start(endpoint, ['check'], { within })
    await aWhile(700)
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
  /** The command in a mount namespace of its own, after these lines. */
  const inMounts = (lines: string) => ['unshare', '-m', 'sh', '-c', `set -e\n${lines}\n"$@"`, 'sh']
  const readOnly = (home: string) =>
    inMounts(`mount --bind ${home} ${home}; mount -o remount,bind,ro ${home}`)

  test('in a home that is read-only', async () => {
    const { endpoint, requests } = await startBackend()
    const { run, world } = makeTool()
    for (let i = 0; i < 3; i++) await run(endpoint, ['build'], { within: readOnly(world.home) })
    expect([requests, world.files()]).toEqual([[], []])
  })

  test('in a home that is read-only since, and goes on when it is not', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, world } = makeTool()
    for (let i = 0; i < 2; i++) await run(endpoint)
    for (let i = 0; i < 3; i++) await run(endpoint, ['build'], { within: readOnly(world.home) })
    expect(bodies).toHaveLength(2)
    await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(3))
  })

  test('on a disk that is full, to the last byte: a mark of which a part fits is none', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, world } = makeTool()
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
      await aWhile()
      await run(endpoint)
      expect(countedBy(bodies)).toEqual(all(2))
      expect(resourceValues(bodies, 'service.instance.id').size).toBe(1)
    } finally {
      execFileSync('umount', ['-l', world.home])
    }
  })

  test('on a disk without room for the first files, and nothing is left half made', async () => {
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

describe('a copy counts for itself', () => {
  test('whichever of the two is run, and both at once', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, world } = makeTool()
    for (let i = 0; i < 3; i++) await run(endpoint)
    const copy = join(world.cwd, 'copy')
    execFileSync('cp', ['-a', world.home, copy])
    const env = { HOME: copy }
    await Promise.all(Array.from({ length: 6 }, () => start(endpoint, ['build'], { env })))
    await Promise.all([run(endpoint), run(endpoint, ['build'], { env })])
    await aWhile(1100)
    for (const more of [{}, { env }]) await run(endpoint, ['build'], more)
    await helpersEnded({ home: copy })
    expect(countedBy(bodies)).toEqual(all(3 + 6 + 2 + 2))
    expect(resourceValues(bodies, 'user.fingerprint').size).toBe(2)
  })
})

describe('inline, where no helper can work', () => {
  test.each<[string, string]>([
    ['a command that ends at once', 'process.exit()'],
    ['one that ends within a few milliseconds', 'setTimeout(() => process.exit(), 3)'],
    ['one that counts again', "await flushTelemetry(); trackCommand('build')"],
  ])('%s, six times at once: all is counted after the next one', async (_, after) => {
    const { endpoint, bodies } = await startBackend()
    const { run, start, world, marks } = makeTool()
    const options = { delivery: 'inline' }
    const how = { options, after }
    await run(endpoint, ['build'], { options })
    await Promise.all(Array.from({ length: 6 }, () => start(endpoint, ['build', 'test'], how)))
    await helpersEnded(world)
    // A command that ends while its request is under way has left a claim that nobody settles but time.
    await aWhile()
    await run(endpoint, ['build'], { options })
    expect(countedBy(bodies)).toMatchObject({ byStart: marks(), byArrival: marks() })
  })
})

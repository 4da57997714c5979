import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { startHanging } from '../helper.ts'
import { LIBRARY } from '../paths.ts'
import { counts } from '../receiver.ts'
import {
  compare,
  type Fault,
  inShell,
  keeps,
  makeUser,
  printReport,
  type Report,
  RUNS,
  receiving,
  testAsRoot,
} from './compare.ts'

afterAll(printReport)

/** Expects that a command whose Collector never answers does the same as without telemetry, and that it is counted. */
async function unaffected(fault: Fault, expected: Record<string, number> = { build: RUNS }): Promise<Report> {
  const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: (await startHanging()).endpoint })
  const report = await compare(world, fault)
  await keeps(world, expected)
  return report
}

describe('a command ends', () => {
  test.each([
    ['by itself', "console.log('done')", 0],
    ['by process.exit', "console.log('done'); process.exit(3)", 3],
    ['by process.exit in a promise', "await null; console.log('done'); process.exit(4)", 4],
    [
      'by process.exit in a callback',
      'setTimeout(() => process.exit(5), 20); await new Promise(() => {})',
      5,
    ],
    ['by process.exit in an exit handler', "process.on('exit', () => process.exit(6))", 6],
    ['with an exit code set in an exit handler', "process.on('exit', () => { process.exitCode = 7 })", 7],
    ['by an uncaught exception', "throw new Error('boom')", 1],
    ['by an uncaught exception in a callback', "setTimeout(() => { throw new Error('boom') })", 1],
    ['by an unhandled rejection', "Promise.reject(new Error('boom'))", 1],
    ['by exit code 13: an await that is never settled', 'await new Promise(() => {})', 13],
  ])('%s', async (_, script, status) => {
    const { result } = await unaffected({ script: `trackCommand('build'); ${script}` })
    expect(result.status).toBe(status)
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('by %s', async signal => {
    const { result } = await unaffected({
      script: "trackCommand('build'); console.log('ready'); setInterval(() => {}, 1000)",
      whenItPrints: child => child.kill(signal),
    })
    expect(result).toMatchObject({ status: null, signal })
  })

  test('by a handler of its own for SIGINT', async () => {
    const { result } = await unaffected({
      script: `
        trackCommand('build')
        process.on('SIGINT', () => process.exit(130))
        console.log('ready')
        setInterval(() => {}, 1000)`,
      whenItPrints: child => child.kill('SIGINT'),
    })
    expect(result.status).toBe(130)
  })
})

describe('a dev server', () => {
  const server = `
    import { createServer } from 'node:http'
    trackCommand('build')
    const server = createServer().listen(0, '127.0.0.1', () => console.log('listening'))`

  test('delivers while it runs, and is ended by SIGTERM', async () => {
    const receiver = await receiving()
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await compare(world, {
      script: server,
      runs: 1,
      whenItPrints: child => setTimeout(() => child.kill(), 2000),
    })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
    await keeps(world, { build: 1 })
  })

  test('ends by itself when it is closed, though a helper still waits for an answer', async () => {
    const closing = "setTimeout(() => server.close(() => console.log('closed')), 1300)"
    const { result } = await unaffected({ script: `${server}; ${closing}`, runs: 1 }, { build: 1 })
    expect(result).toMatchObject({ status: 0, stdout: 'listening\nclosed\n' })
  })
})

describe('output', () => {
  test('that is not read to its end: tool | head -1', async () => {
    const { result } = await unaffected({
      script: "trackCommand('build'); for (let i = 0; i < 1e5; i++) console.log('a line of output')",
      through: command => ['bash', '-c', '"$@" | head -1; echo "$' + '{PIPESTATUS[0]}"', 'bash', ...command],
      // The stack trace of the failed write differs from run to run.
      clean: output => output.replace(/\n +at .*/g, ''),
    })
    expect(result.stdout).toMatch(/^a line of output\n\d+\n$/)
  })

  test.each(['>&-', '2>&-', '<&-', '<&- >&- 2>&-'])('that is closed: %s', async closed => {
    await unaffected({ through: command => inShell(`exec ${closed}`, command) })
  })

  test('that is a full device', async () => {
    await unaffected({ through: command => inShell('exec >/dev/full 2>/dev/full', command) })
  })

  test('x=$(tool) does not wait for the helper', async () => {
    const { result } = await unaffected({
      through: command => ['sh', '-c', 'x=$("$@" 2>&1); echo "it said $x"', 'sh', ...command],
    })
    expect(result.stdout).toBe('it said {}\n')
  })
})

describe('NODE_OPTIONS', () => {
  test('with --inspect', async () => {
    const { result } = await unaffected({
      env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' },
      clean: output => output.replace(/ws:\S+/, 'ws:…'),
    })
    expect(result.stderr).toContain('Debugger listening on ws:…')
  })

  test('with --inspect on a port that is taken by the command itself', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    await unaffected({
      env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` },
      clean: output => output.replace(/ws:\S+/, 'ws:…'),
    })
  })

  test('with a --require that is missing', async () => {
    const { result } = await unaffected({ env: { NODE_OPTIONS: '--require ./missing.cjs' } }, {})
    expect(result.status).toBe(1)
  })

  test('with a --require by a relative path, which a helper in / does not find', async () => {
    const receiver = await receiving()
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    writeFileSync(join(world.cwd, 'hook.cjs'), "console.log('hooked')")
    const { result } = await compare(world, { env: { NODE_OPTIONS: '--require ./hook.cjs' } })
    expect(result.stdout).toMatch(/^hooked\n/)
    await receiver.arrived(RUNS)
    expect(counts(receiver.requests)).toEqual({ build: RUNS })
    await keeps(world, { build: RUNS })
  })
})

describe('an execPath that is deleted while the command runs', () => {
  test.each([
    ['and ends', '', {}],
    // Then it delivers inline, and may wait as long as a request may take.
    ['and keeps running', 'setTimeout(() => {}, 1300)', { inline: 1 }],
  ])('%s', async (_, more, fault) => {
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: (await startHanging()).endpoint })
    const node = join(dirname(world.home), 'bin/node')
    mkdirSync(dirname(node))
    await compare(world, {
      ...fault,
      runs: 1,
      script: `
        import { unlinkSync } from 'node:fs'
        trackCommand('build')
        unlinkSync(process.execPath)
        ${more}`,
      before: () => copyFileSync(process.execPath, node),
      through: ([, ...rest]) => [node, ...rest],
    })
    await keeps(world, { build: 1 })
  })
})

describe('a worker thread', () => {
  const worker = (after: string) => `
    import { Worker } from 'node:worker_threads'
    trackCommand('build')
    const worker = new Worker(${JSON.stringify(`
      import(${JSON.stringify(LIBRARY)}).then(({ initTelemetry, trackCommand }) => {
        initTelemetry({ name: 'trix', version: '0.19.3', commands: ['build', 'init'] })
        trackCommand('init')
        process.getBuiltinModule('node:worker_threads').parentPort.postMessage('counted')
        ${after}
      })`)}, { eval: true })
    worker.on('message', message => {
      console.log(message)
      if (${after.includes('setInterval')}) worker.terminate()
    })
    worker.on('error', error => console.log(error.message))
    worker.on('exit', code => console.log('the worker ended with', code))`

  test.each([
    ['that ends by itself', ''],
    ['that calls process.exit', 'setTimeout(() => process.exit(3), 50)'],
    ['that throws', "setTimeout(() => { throw new Error('boom') }, 50)"],
    ['that is terminated', 'setInterval(() => {}, 1000)'],
  ])('%s: the commands of both threads are counted', async (_, after) => {
    // The order of a worker's last events differs from run to run.
    const clean = (output: string) => output.split('\n').sort().join('\n')
    await unaffected({ script: worker(after), clean }, { build: RUNS, init: RUNS })
  })

  test('that counts while the main thread does not: its count arrives', async () => {
    const receiver = await receiving()
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    await compare(world, { script: worker('').replace("trackCommand('build')", '') })
    await receiver.arrived(RUNS)
    expect(counts(receiver.requests)).toEqual({ init: RUNS })
  })
})

test('a tool that calls itself counts as often as it runs', async () => {
  await unaffected(
    {
      script: `
        import { execFileSync } from 'node:child_process'
        trackCommand('build')
        const depth = Number(process.env.DEPTH ?? 0)
        console.log(depth)
        const env = { ...process.env, DEPTH: depth + 1 }
        if (depth < 2) execFileSync(process.execPath, process.execArgv, { env, stdio: 'inherit' })`,
    },
    { build: 3 * RUNS },
  )
})

describe('twenty commands leave no zombie where PID 1 is', () => {
  const TIMES = 20
  // The last helpers need a moment to end.
  const loop = `
    i=0
    while [ $i -lt ${TIMES} ]; do "$@"; i=$((i + 1)); done
    sleep 1
    cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '
    true`
  const inNode = `
    const { spawnSync } = require('node:child_process')
    const { readdirSync, readFileSync } = require('node:fs')
    const [command, ...args] = process.argv.slice(1)
    for (let i = 0; i < ${TIMES}; i++) spawnSync(command, args, { stdio: 'inherit' })
    setTimeout(() => {
      const pids = readdirSync('/proc').filter(name => /^\\d+$/.test(name))
      console.log(pids.filter(pid => {
        try { return readFileSync('/proc/' + pid + '/stat', 'latin1').includes(') Z ') } catch { return false }
      }).length)
    }, 1000)`
  const namespace = ['unshare', '-fp', '--mount-proc', '--kill-child']

  async function leavesNone(through: Fault['through'] & object, before?: () => Promise<void>) {
    const receiver = await receiving()
    const world = makeUser({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    const { result } = await compare(world, { runs: 1, inline: TIMES, through, ...(before && { before }) })
    expect(result.stdout).toBe(`${'{}\n'.repeat(TIMES)}0\n`)
    await receiver.arrived(TIMES)
    expect(counts(receiver.requests)).toEqual({ build: TIMES })
    await keeps(world, { build: TIMES })
  }

  testAsRoot('sh', async () => {
    await leavesNone(command => [...namespace, 'sh', '-c', loop, 'sh', ...command])
  })

  testAsRoot('node', async () => {
    await leavesNone(command => [...namespace, process.execPath, '-e', inNode, ...command])
  })

  testAsRoot('sleep', async () => {
    let first = ''
    await leavesNone(
      // `nsenter` changes the working folder.
      command => [
        'nsenter',
        '-t',
        first,
        '-p',
        '-m',
        'sh',
        '-c',
        `cd "$FAULT/../work"\n${loop}`,
        'sh',
        ...command,
      ],
      async () => {
        // A new namespace for each run, since the empty processes of the control stay as zombies.
        const sleeper = spawn(namespace[0]!, [...namespace.slice(1), 'sleep', '100'], { stdio: 'ignore' })
        onTestFinished(() => void sleeper.kill('SIGKILL'))
        first = await firstChild(sleeper.pid!)
      },
    )
  })

  testAsRoot('the command itself', async () => {
    await leavesNone(command => [...namespace, 'sh', '-c', loop, 'sh', ...namespace, ...command])
  })

  /** The pid, outside of the namespace, of the process that is PID 1 in it. */
  async function firstChild(pid: number): Promise<string> {
    for (;;) {
      const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
      if (child && readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n') return child
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
})

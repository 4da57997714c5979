import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helperCode } from '../build/helper-code.ts'
import { counts, startReceiver } from './receiver.ts'
import { makeWorld, runProcess } from './world.ts'

const linux = process.platform === 'linux'
const TOOL = join(import.meta.dirname, '../examples/tool.js')

/** A server that takes connections and never answers. */
async function startHanging(): Promise<{ endpoint: string; connected: Promise<Socket> }> {
  let connect: (socket: Socket) => void
  const connected = new Promise<Socket>(resolve => (connect = resolve))
  const server = createServer(socket => connect(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    ;(await Promise.race([connected, undefined]))?.destroy()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`, connected }
}

/** The pids of the helpers that serve this home. */
function helpers(home: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      return (
        environment.includes(`HOME=${home}`) &&
        environment.some(entry => entry.startsWith('OTLP_TALLY_HELPER='))
      )
    } catch {
      return false // gone meanwhile
    }
  })
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

describe.runIf(linux)('the helper', () => {
  test('is not waited for, shows nothing to other users, sits in no folder, and ends by itself', async () => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({
      TRIX_TELEMETRY: 'on',
      TRIX_TELEMETRY_ENDPOINT: `${endpoint}/otlp?token=secret`,
    })
    world.writeConfig('[telemetry]\ntimeout_ms = 1500\nheaders = { authorization = "Bearer secret" }')
    const { status } = await world.tool(['build'], {
      NODE_OPTIONS: '--no-warnings',
      NODE_V8_COVERAGE: join(world.cwd, 'coverage'),
    })
    expect(status).toBe(0)
    await connected
    const [pid] = helpers(world.home)
    const about = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'latin1')
    expect(about('cmdline')).not.toMatch(/secret|127\.0\.0\.1|resourceMetrics/)
    // The environment of the command is its own affair; what we add to it is not a secret.
    const environment = about('environ').split('\0')
    expect(environment).toContain('OTLP_TALLY_HELPER=1500')
    expect(environment.filter(entry => /NODE_OPTIONS|COVERAGE|Bearer|resourceMetrics/.test(entry))).toEqual(
      [],
    )
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    expect([1, 2].map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(['/dev/null', '/dev/null'])
    await until(() => helpers(world.home).length === 0)
    expect(world.files()).toHaveLength(5)
  })

  /** Starts a helper by itself, with a bound of `timeoutMs`. */
  async function startHelper(timeoutMs: number) {
    const env = { ...makeWorld().env, OTLP_TALLY_HELPER: String(timeoutMs) }
    const helper = spawn(process.execPath, ['-e', await helperCode()], {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const ended = new Promise(resolve => helper.on('exit', (status, signal) => resolve(signal ?? status)))
    return { stdin: helper.stdin, ended }
  }

  test('sends nothing, and ends, when the command was killed before it had written the request', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const { stdin, ended } = await startHelper(60_000)
    stdin.end(`{"url":"${receiver.endpoint}","headers":{},"timeoutMs":60000,"length":100}\n{"resou`)
    expect(await ended).toBe('SIGKILL')
    expect(receiver.requests).toEqual([])
  })

  test('ends at its bound when nobody ever writes to it', async () => {
    expect(await (await startHelper(100)).ended).toBe('SIGKILL')
  })

  test('never counts or starts a helper, though it were the tool itself', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({
      TRIX_TELEMETRY: 'on',
      TRIX_TELEMETRY_ENDPOINT: receiver.endpoint,
      OTLP_TALLY_HELPER: '2000',
    })
    expect(await world.tool(['build'])).toMatchObject({ status: 0, stdout: '{}\n' })
    expect(world.files()).toEqual([])
  })
})

describe('a command that cannot be helped is not hurt', () => {
  test('where no process can be started, it ends as ever, and the next one carries its count', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    const gone = await world.script(`
      import { initTelemetry, trackCommand } from 'otlp-tally'
      initTelemetry({ name: 'trix', version: '0.19.3' })
      trackCommand('upgrade')
      // A tool that replaces its own runtime while it runs.
      process.execPath = '/nowhere/node'
    `)
    expect(gone).toEqual({ status: 0, signal: null, stdout: '', stderr: '' })
    await world.tool(['build'])
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ upgrade: 1, build: 1 })
  })

  test('a deleted working folder, a missing temporary folder and a closed stderr are nothing to it', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({
      TRIX_TELEMETRY: 'on',
      TRIX_TELEMETRY_ENDPOINT: receiver.endpoint,
      TMPDIR: '/nowhere',
    })
    const command = `mkdir gone && cd gone && rmdir ../gone && ${process.execPath} ${TOOL} test --dir ${world.cwd} 2>&-`
    expect(await runProcess('sh', ['-c', command], world)).toMatchObject({
      status: 0,
      stdout: '0 documents\n',
    })
    await receiver.arrived(1)
    expect(counts(receiver.requests)).toEqual({ test: 1 })
  })
})

const canUnshare = linux && spawnSync('unshare', ['-fp', '--mount-proc', 'true']).status === 0

describe('auto delivers', () => {
  const delivery = (stdout: string) => /delivery +(\w+)/.exec(stdout)?.[1]
  const status = `${process.execPath} ${TOOL} telemetry status`

  test('detached, usually', async () => {
    expect(delivery((await makeWorld().tool(['telemetry', 'status'])).stdout)).toBe('detached')
  })

  test.runIf(canUnshare).each([
    ['inline as PID 1 of a container', status, 'inline'],
    ['detached under a shell as PID 1, which reaps orphans', `sh -c "${status}; true"`, 'detached'],
    // node does not reap what it did not start: each helper would stay as a zombie.
    [
      'inline under a node server as PID 1',
      `${process.execPath} -e "process.stdout.write(require('child_process').execSync('${status}'))"`,
      'inline',
    ],
  ])('%s', async (_, command, route) => {
    const { stdout } = await runProcess('sh', ['-c', `unshare -fp --mount-proc ${command}`], makeWorld())
    expect(delivery(stdout)).toBe(route)
  })

  test('inline from an executable that is not a plain interpreter: it could be the tool itself', async () => {
    const world = makeWorld()
    const executable = join(world.cwd, 'trix')
    copyFileSync(process.execPath, executable)
    expect(delivery((await runProcess(executable, [TOOL, 'telemetry', 'status'], world)).stdout)).toBe(
      'inline',
    )
    expect(existsSync(executable)).toBe(true)
  })

  test.runIf(canUnshare)('inline as PID 1 for real: the count arrives from the process itself', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
    const { stdout } = await runProcess(
      'unshare',
      ['-fp', '--mount-proc', process.execPath, TOOL, 'build'],
      world,
    )
    expect(stdout).toBe('{}\n')
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })
})

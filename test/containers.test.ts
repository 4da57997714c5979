import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { helpers, startHanging, until } from './helper.ts'
import { isLinux, isRoot } from './machine.ts'
import { TOOL } from './paths.ts'
import { consentedUser, counts } from './receiver.ts'
import { makeWorld, type Result, runOnTerminal, runProcess, SILENT, type World } from './world.ts'

// A container is a PID namespace: when its first process ends, the kernel kills all others.

const NODE = process.execPath
const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
const canUnshare = isLinux && runs('unshare', '-fp', '--mount-proc', 'true')

function container(world: World, ...command: string[]): Promise<Result> {
  return runProcess('unshare', ['-fp', '--mount-proc', '--kill-child', ...command], world)
}

/** Writes an npm script and a Makefile that run the command. */
function writeProject({ cwd }: World, command: string): void {
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ scripts: { trix: command } }))
  writeFileSync(join(cwd, 'Makefile'), `trix:\n\t@${command}; true\n`)
}

const build = `${NODE} ${TOOL} build --dir HOME`
const oneShot: [title: string, command: string[], needs?: string][] = [
  ['the command', build.split(' ')],
  ['sh -c', ['sh', '-c', `${build}; exit 0`]],
  ['sh -c in sh -c', ['sh', '-c', `sh -c '${build}; exit'; true`]],
  ['sh -c in sh -c in sh -c', ['sh', '-c', `sh -c 'sh -c "${build}; true"; exit'; true`]],
  ['tini, as docker run --init', ['tini', '--', ...build.split(' ')], 'tini'],
  ['npm run', ['npm', 'run', '-s', 'trix'], 'npm'],
  ['sh -c, npm run', ['sh', '-c', 'npm run -s trix; true'], 'npm'],
  ['make', ['make', '-s', 'trix'], 'make'],
  ['tini, sh, make', ['tini', '--', 'sh', '-c', 'make -s trix; true'], 'make'],
]

describe.runIf(canUnshare)('in a container for one command', () => {
  for (const [title, command, needed] of oneShot)
    test.runIf(!needed || runs(needed, '--version'))(
      `${title}: each count arrives before the container ends`,
      async () => {
        const { world, receiver } = await consentedUser()
        writeProject(world, build.replace('HOME', world.home))
        const args = command.map(arg => arg.replaceAll('HOME', world.home))
        for (let run = 1; run <= 2; run++) {
          expect(await container(world, ...args)).toEqual({ ...SILENT, stdout: '{}\n' })
          expect(counts(receiver.requests)).toEqual({ build: run })
          expect(receiver.requests).toHaveLength(run)
        }
      },
    )

  test('with a terminal: docker run -t', async () => {
    const { world, receiver } = await consentedUser()
    const line = `unshare -fp --mount-proc --kill-child ${build.replace('HOME', world.home)}`
    expect(await runOnTerminal(line, world)).toMatchObject({ stdout: '{}\n' })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test('where /proc is not mounted, as in a sandbox', async () => {
    const { world, receiver } = await consentedUser()
    const line = `mount --make-rprivate / && umount -l /proc && sh -c '${build.replace('HOME', world.home)}; true'; true`
    const args = ['-fpm', '--kill-child', 'sh', '-c', line]
    expect(await runProcess('unshare', args, world)).toMatchObject({ status: 0, stdout: '{}\n' })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })
})

describe.runIf(canUnshare)('in a container that keeps running', () => {
  /** Starts a container, and returns what runs a command in it, as `docker exec` does. */
  async function inside(first: string[], world: World): Promise<(...command: string[]) => Promise<Result>> {
    const started = spawn('unshare', ['-fp', '--mount-proc', '--kill-child', ...first], { stdio: 'ignore' })
    onTestFinished(() => void started.kill('SIGKILL'))
    const children = `/proc/${started.pid}/task/${started.pid}/children`
    let pid = ''
    await until(() => {
      pid = existsSync(children) ? (readFileSync(children, 'utf8').split(' ')[0] ?? '') : ''
      return pid !== '' && !readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('unshare')
    })
    return (...command) => runProcess('nsenter', ['-t', pid, '-p', '-m', ...command], world)
  }

  const shell = ['sh', '-c', 'while :; do sleep 0.2; done']

  test('a helper sends, and the command does not wait for it', async () => {
    const { endpoint, connected } = await startHanging()
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: endpoint })
    const enter = await inside(shell, world)
    expect(await enter(NODE, TOOL, 'build', '--dir', world.home)).toMatchObject({ status: 0, stdout: '{}\n' })
    await connected
    expect(helpers(world.home)).toHaveLength(1)
  })

  test('whose PID 1 reaps no process, the tool itself sends, so that no helper stays as a zombie', async () => {
    const { world, receiver } = await consentedUser()
    const enter = await inside(['sleep', '100'], world)
    expect(await enter(NODE, TOOL, 'build', '--dir', world.home)).toMatchObject({ status: 0, stdout: '{}\n' })
    expect(counts(receiver.requests)).toEqual({ build: 1 })
  })

  test.each([
    ['docker exec where PID 1 is a shell', shell, 'detached: a helper process can be started'],
    ['docker exec where PID 1 is sleep', ['sleep', '100'], 'inline: PID 1 is sleep'],
  ])('status says who sends: %s', async (_, first, said) => {
    const world = makeWorld({ COLUMNS: '1000' })
    const { stdout } = await (await inside(first, world))(NODE, TOOL, 'telemetry', 'status')
    expect(stdout).toContain(`delivery      ${said}`)
  })
})

describe('status says who sends, and why', () => {
  const status = `${NODE} ${TOOL} telemetry status`
  const delivery = (stdout: string) => /delivery +(.*)/.exec(stdout.replace(/\n {8,}/g, ' '))?.[1]

  test('detached, usually', async () => {
    const { stdout } = await makeWorld().tool(['telemetry', 'status'])
    expect(delivery(stdout)).toBe('detached: a helper process can be started')
  })

  test.runIf(canUnshare).each([
    ['PID 1 of a container', status, 'inline: this process is PID 1'],
    ['its child', `sh -c "${status}; true"`, 'inline: this process was started by PID 1 of a container'],
    [
      'its grandchild',
      `sh -c "sh -c '${status}; true'; true"`,
      'inline: this container, whose PID 1 is sh, may end with what it has started: sh',
    ],
    [
      'below a server as PID 1',
      `${NODE} -e "process.stdout.write(require('child_process').execSync('${status}; true'))"`,
      'inline: this container, whose PID 1 is node',
    ],
    [
      'below another program that a shell has started',
      `sh -c "sh -c '${NODE} -e \\"process.stdout.write(require(\\\\\\"child_process\\\\\\").execSync(process.argv[1]))\\" \\"${status}; true\\"; true'; true"`,
      'detached: a helper process can be started',
    ],
  ])('%s', async (_, command, said) => {
    const { stdout } = await runProcess('sh', ['-c', `unshare -fp --mount-proc ${command}`], makeWorld())
    expect(delivery(stdout)).toContain(said)
  })
})

const SYSTEMD = '/usr/lib/systemd/systemd'
/** systemd as PID 1 of namespaces, which runs one service, and ends with it. */
const BOOT = `set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/systemd/system
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
cp "$1" /run/systemd/system/trix.service
exec env -i container=docker ${SYSTEMD} --system --unit=trix.service --log-target=null --show-status=0`

function asService(world: World, command: string): Promise<Result> {
  const unit = join(world.cwd, 'unit')
  const environment = Object.entries(world.env).map(([name, value]) => `Environment="${name}=${value}"`)
  const [out, script] = [join(world.cwd, 'out'), join(world.cwd, 'script')]
  writeFileSync(script, command)
  writeFileSync(
    unit,
    `[Unit]\nDefaultDependencies=no\nSuccessAction=exit-force\nFailureAction=exit-force\n[Service]\nType=oneshot
${environment.join('\n')}\nExecStart=/bin/sh ${script}\nStandardOutput=file:${out}\n`,
  )
  const namespaces = ['-fpmC', '--mount-proc', '--kill-child']
  return runProcess(
    'timeout',
    ['-s', 'KILL', '60', 'unshare', ...namespaces, 'sh', '-c', BOOT, 'sh', unit],
    world,
  )
}

const canBoot = canUnshare && isRoot && existsSync(SYSTEMD) && runs('unshare', '-C', 'true')

describe.runIf(canBoot)('in a oneshot service of systemd', () => {
  // So deep that it is not the child of PID 1.
  const deep = (command: string) => `sh -c 'sh -c "${command}; true"; true'; true`

  test('each count arrives, though all processes of the service are killed at its end', async () => {
    const { world, receiver } = await consentedUser()
    for (let run = 1; run <= 2; run++) {
      expect(await asService(world, deep(`${NODE} ${TOOL} build --dir ${world.home}`))).toMatchObject({
        status: 0,
      })
      expect(readFileSync(join(world.cwd, 'out'), 'utf8')).toBe('{}\n')
      expect(counts(receiver.requests)).toEqual({ build: run })
    }
  })

  test('status says that the tool itself sends', async () => {
    const world = makeWorld({ COLUMNS: '1000' })
    await asService(world, deep(`${NODE} ${TOOL} telemetry status`))
    expect(readFileSync(join(world.cwd, 'out'), 'utf8')).toMatch(
      /delivery +inline: trix\.service may end with this process/,
    )
  })
})

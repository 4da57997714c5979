import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { all, countedBy, resourceValues } from '../consumers.ts'
import { makeTool, startBackend, type Tool } from '../counting.ts'
import { isRoot } from '../machine.ts'

// Each of these file systems is in a file. A copy of that file is what a disk holds after a power cut.

const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const shell = (script: string, ...given: string[]) =>
  void execFileSync('sh', ['-ec', script, 'sh', ...given], { stdio: ['ignore', 'ignore', 'inherit'] })

/** A folder for mounts, unmounted and removed at the end. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-power-'))
  onTestFinished(() => {
    spawnSync('sh', ['-c', 'for m in "$1"/*; do umount -q "$m" || umount -ql "$m"; done', 'sh', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

describe.each(['ext4', 'xfs', 'btrfs'])('on %s, after a power cut', fs => {
  /** A tool whose home is on its own disk. `cut` is a power cut and the restart after it. */
  function onDisk(): Tool & { cut(): void; sync(): void } {
    const folder = scratch()
    const [image, held, home] = [`${folder}.img`, `${folder}.held`, join(folder, 'home')]
    onTestFinished(() => [image, held].forEach(file => void rmSync(file, { force: true })))
    mkdirSync(home)
    shell('truncate -s 400M "$1"; mkfs.$3 -q "$1" 2>&1; mount -o loop "$1" "$2"', image, home, fs)
    return {
      ...makeTool({ HOME: home }),
      sync: () => shell('sync -f "$1"', home),
      cut: () =>
        shell('cp --sparse=always "$1" "$2"; umount "$3"; mount -o loop "$2" "$3"', image, held, home),
    }
  }
  const can = isRoot && has(`mkfs.${fs}`)

  test.runIf(can)('what was delivered is not sent again, and no count is lost', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, canSend, sync, cut } = onDisk()
    for (let i = 0; i < 10; i++) await run(endpoint)
    sync()
    for (let i = 0; i < 5; i++) await run(endpoint)
    cut()
    await canSend()
    for (let i = 0; i < 2; i++) await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(17))
    expect(resourceValues(bodies, 'service.instance.id').size).toBe(1)
  })

  test.runIf(can)('a series that began just before it does not begin again', async () => {
    const { endpoint, bodies, offline } = await startBackend()
    const { run, canSend, sync, cut } = onDisk()
    await offline(async () => {
      for (let i = 0; i < 5; i++) await run(endpoint)
    })
    sync()
    await run(endpoint)
    cut()
    await canSend()
    for (let i = 0; i < 2; i++) await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(8))
  })

  test.runIf(can)('a no stays', async () => {
    const { world, sync, cut } = onDisk()
    await world.tool(['telemetry', 'enable'])
    sync()
    await world.tool(['telemetry', 'disable'])
    cut()
    expect((await world.tool(['telemetry', 'status'])).stdout).toContain('you have said no')
  })

  test.runIf(can)('the first command of an installation is counted once', async () => {
    const { endpoint, bodies } = await startBackend()
    const { run, canSend, cut } = onDisk()
    await run(endpoint)
    cut()
    await canSend()
    await run(endpoint)
    expect(countedBy(bodies)).toEqual(all(2))
  })
})

test.runIf(isRoot)(
  'two containers of one image are two installations, and the same two after they are restarted',
  async () => {
    const { endpoint, bodies } = await startBackend()
    const folder = scratch()
    // On a tmpfs, since the root of this machine may itself be an overlay.
    shell('mount -t tmpfs none "$1"; mkdir "$1/image"', mountPoint(folder, 'disk'))
    const image = makeTool({ HOME: join(folder, 'disk/image') })
    for (let i = 0; i < 3; i++) await image.run(endpoint)
    const containers = ['a', 'b'].map(name => {
      const home = mountPoint(folder, name)
      const [upper, work] = ['upper', 'work'].map(part => join(folder, 'disk', part + name))
      for (const part of [upper!, work!]) mkdirSync(part)
      const options = `lowerdir=${folder}/disk/image,upperdir=${upper},workdir=${work}`
      const start = () => shell('mount -t overlay -o "$1" overlay "$2"', options, home)
      start()
      return {
        ...makeTool({ HOME: home }),
        restart() {
          shell('umount "$1"', home)
          start()
        },
      }
    })
    for (let round = 0; round < 2; round++) {
      for (const { run, restart } of containers) {
        for (let i = 0; i < 3; i++) await run(endpoint)
        restart()
      }
    }
    expect(countedBy(bodies)).toEqual(all(3 + 12))
    expect(resourceValues(bodies, 'user.fingerprint').size).toBe(3)
  },
)

test.runIf(isRoot && has('bindfs'))(
  'a home on a FUSE file system is one installation, also when it is mounted again',
  async () => {
    const { endpoint, bodies } = await startBackend()
    const folder = scratch()
    const home = mountPoint(folder, 'home')
    mkdirSync(join(folder, 'disk'))
    const { run } = makeTool({ HOME: home })
    for (let round = 0; round < 3; round++) {
      shell('bindfs "$1" "$2"', join(folder, 'disk'), home)
      for (let i = 0; i < 2; i++) await run(endpoint)
      shell('umount "$1"', home)
    }
    expect(countedBy(bodies)).toEqual(all(6))
    expect(resourceValues(bodies, 'user.fingerprint').size).toBe(1)
  },
)

function mountPoint(folder: string, name: string): string {
  mkdirSync(join(folder, name))
  return join(folder, name)
}

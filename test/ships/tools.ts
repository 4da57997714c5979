import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const MANIFESTS = ['package.json', 'package-lock.json', '.npmrc'].map(name => join(import.meta.dirname, name))

/** Outside the repository and named by the pinned versions, so that a machine that keeps it installs only once. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'otlp-tally')
const pinned = MANIFESTS.map(path => readFileSync(path, 'utf8')).join('')
const folder = join(cache, `ships-${createHash('sha256').update(pinned).digest('hex').slice(0, 12)}`)

/** The `node_modules` with all runtimes and bundlers. */
export const TOOLS: string = join(folder, 'node_modules')

/** Each runtime is a package that holds one program, for one platform. */
export const runtimes: Record<'node20' | 'node22' | 'node24' | 'node26' | 'bun' | 'deno', string> = {
  node20: join(TOOLS, 'node-20/bin/node'),
  node22: join(TOOLS, 'node-22/bin/node'),
  node24: join(TOOLS, 'node-24/bin/node'),
  node26: join(TOOLS, 'node-26/bin/node'),
  bun: join(TOOLS, '@oven/bun-linux-x64/bin/bun'),
  deno: join(TOOLS, '@deno/linux-x64-glibc/deno'),
}

/** Installs what is pinned, unless that was done before. Rejects with a message for the person at the terminal. */
export async function installTools(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('These tests need Linux on x64 with glibc: that is what the runtimes are pinned for.')
  if (existsSync(TOOLS)) return
  process.stderr.write('Installing runtimes and bundlers, once: 1.3 GB. It takes some minutes.\n')
  await mkdir(cache, { recursive: true })
  // Renamed into place when it is complete, so that neither an interrupted install nor two at once leave a part of one.
  const temporary = await mkdtemp(join(cache, 'ships-install-'))
  try {
    for (const path of MANIFESTS)
      await copyFile(path, join(temporary, path.slice(import.meta.dirname.length)))
    // No scripts: the packages have all that is needed, and a script may download more.
    await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], temporary)
    for (const path of Object.values(runtimes))
      if (!existsSync(path.replace(folder, temporary)))
        throw new Error(`The registry did not serve what holds ${path.slice(TOOLS.length + 1)}.`)
    await rename(temporary, folder).catch(error => {
      if (!existsSync(TOOLS)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

function npm(args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', chunk => (stderr += chunk))
    child.on('error', reject)
    child.on('close', status =>
      status === 0 ? resolve() : reject(new Error(`npm ${args.join(' ')} failed:\n${stderr}`)),
    )
  })
}

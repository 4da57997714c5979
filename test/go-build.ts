import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Programs in Go that the tests run against, pinned by the go.mod and go.sum of a folder here. */
export interface GoBuild {
  /** What a person calls it. */
  title: string
  /** What its folder in the cache begins with. */
  name: string
  /** The folder of its go.mod. */
  source: string
  /** The module whose version is the version of all of it. */
  module: string
  /** The package to build; `tool` for all that go.mod names as tools. */
  target: string
  tags?: string
}

/**
 * The folder of the binaries, built where the cache has none of these very sources. Rejects with a message for the
 * person at the terminal.
 */
export async function goBuild({ title, name, source, module, target, tags }: GoBuild): Promise<string> {
  const sources = (await readdir(source)).sort()
  const texts = await Promise.all(sources.map(file => readFile(join(source, file), 'utf8')))
  const mod = texts[sources.indexOf('go.mod')]!
  const version = mod
    .split('\n')
    .find(line => line.trim().startsWith(`${module} v`))!
    .match(/ v(\S+)/)![1]!
  const go = mod.match(/^go (\S+)/m)![1]!
  const hash = createHash('sha256')
    .update([...texts, target, tags].join(''))
    .digest('hex')
    .slice(0, 12)

  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'otlp-tally')
  const folder = join(cache, `${name}-${version}-${hash}`)
  if (existsSync(folder)) return folder

  process.stderr.write(`Building ${title} ${version}, once. It takes some minutes.\n`)
  await mkdir(cache, { recursive: true })
  // Renamed into place when it is whole: neither an interrupted build nor two at once leave half a binary.
  const temporary = await mkdtemp(join(cache, 'build-'))
  try {
    // readonly: what go.mod and go.sum pin is what is built, or the build fails.
    const args = ['build', '-C', source, '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags=-s -w']
    await run(title, go, [...args, ...(tags ? [`-tags=${tags}`] : []), '-o', `${temporary}/`, target])
    await rename(temporary, folder).catch(error => {
      if (!existsSync(folder)) throw error // else another run was faster
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}

async function run(title: string, go: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
  try {
    await promisify(execFile)('go', args, { env, maxBuffer: 2 ** 26 })
  } catch (error) {
    const { code, stderr } = error as { code: unknown; stderr: string }
    throw new Error(
      code === 'ENOENT'
        ? `These tests run against a real ${title}, which is built with Go ${go} or newer. ` +
            'There is no `go` on the PATH. Get it from https://go.dev/dl, or from your package manager.'
        : `${title} could not be built with \`go ${args.join(' ')}\`:\n${stderr}`,
    )
  }
}

/** For a vitest globalSetup: builds before the first test starts, so that no test's deadline has to allow for it. */
export async function buildFirst(...builds: (() => Promise<unknown>)[]): Promise<void> {
  try {
    for (const build of builds) await build()
  } catch (error) {
    // Not thrown on: the message says what to do, and a stack of ours above it does not.
    console.error((error as Error).message)
    process.exit(1)
  }
}

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exercise, NOBODY_ELSE } from './exercise.ts'
import { executables, type Maker } from './matrix.ts'
import { makeProject, toolSource } from './project.ts'
import { runtimes, TOOLS } from './tools.ts'

const { node20, node24, node26, bun, deno } = runtimes
const project = makeProject()
// The tests with a hard limit run as another user, who has to read this folder.
chmodSync(project.folder, 0o755)
project.write('tool.js', toolSource('module'))
project.write('wrapped.js', toolSource('wrapped'))
// A tool that demands a helper. An executable that cannot start one sends inline nevertheless.
const stubborn = (source: string) => source.replace("name: 'trix',", "name: 'trix', delivery: 'detached',")
project.write('stubborn.js', stubborn(toolSource('wrapped')))

const SENTINEL = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** Each makes an executable at `path` from a file of the project. */
const makers: Record<Maker | 'deno', (path: string, entry?: string) => Promise<void>> = {
  async sea20(path: string, entry = 'wrapped.js') {
    const main = await bundle(entry)
    const config = { main, output: `${path}.blob`, disableExperimentalSEAWarning: true }
    await project.make(node20, '--experimental-sea-config', write(`${path}.json`, config))
    copyFileSync(node20, path)
    const inject = [path, 'NODE_SEA_BLOB', config.output, '--sentinel-fuse', SENTINEL]
    await project.make(node24, join(TOOLS, 'postject/dist/cli.js'), ...inject)
  },

  async sea26(path: string, entry = 'wrapped.js') {
    const main = await bundle(entry)
    const config = { main, output: path, disableExperimentalSEAWarning: true }
    await project.make(node26, '--build-sea', write(`${path}.json`, config))
  },

  async bun(path: string, entry = 'tool.js') {
    await project.make(bun, 'build', '--compile', '--minify', entry, '--outfile', path)
  },

  async pkg(path: string, entry = 'wrapped.js') {
    await pkg(path, await bundle(entry))
  },

  /** From a package with all its files, which pkg puts into a file system inside the executable. */
  async pkgPackage(path: string, entry = 'wrapped.js') {
    const folder = `${path}-package`
    cpSync(join(project.folder, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
    copyFileSync(join(project.folder, entry), join(folder, 'tool.js'))
    write(join(folder, 'package.json'), { name: 'trix', version: '0.19.3', type: 'module', bin: 'tool.js' })
    await pkg(path, join(folder, 'package.json'))
  },

  async deno(path: string, entry = 'tool.js') {
    await project.make(deno, 'compile', '--allow-all', '--no-check', '--output', path, entry)
  },
}

async function pkg(path: string, input: string): Promise<void> {
  const { stdout } = await project.make(node24, '-p', 'process.version')
  const version = stdout.trim()
  // pkg would download Node into its cache. This puts ours there instead.
  const cached = join(project.folder, '.pkg-cache/sea', `node-${version}-linux-x64`)
  mkdirSync(join(cached, 'bin'), { recursive: true })
  copyFileSync(node24, join(cached, 'bin/node'))
  for (const done of ['.tar.gz', '.tar.gz.ok', '/bin/node.ok']) writeFileSync(cached + done, '')
  const args = ['--sea', '-t', `node${version.slice(1)}-linux-x64`, '-o', path, input]
  await project.make(node24, join(TOOLS, '@yao-pkg/pkg/lib-es5/bin.js'), ...args)
}

function write(path: string, config: object): string {
  writeFileSync(path, JSON.stringify(config))
  return path
}

async function bundle(entry: string): Promise<string> {
  const args = [
    'esbuild',
    'cjs minified',
    join(project.folder, entry),
    join(project.folder, `${entry}-bundle`),
  ]
  await project.make(node24, join(import.meta.dirname, 'bundle.ts'), TOOLS, ...args)
  return join(args[3]!, 'tool.cjs')
}

let made = 0

/** Makes an executable in a folder of its own, so that it can have any name. */
async function make(maker: Maker | 'deno', name: string, entry?: string): Promise<string> {
  const path = join(project.folder, `executable-${made++}`, name)
  mkdirSync(join(path, '..'))
  await makers[maker](path, entry)
  return path
}

const asRoot = process.getuid?.() === 0
/** Limits the number of processes and threads, so that a tool that starts itself again and again is stopped soon. */
const limited = (path: string, processes = 80) => [
  ...['setpriv', `--reuid=${NOBODY_ELSE}`, `--regid=${NOBODY_ELSE}`, '--clear-groups'],
  ...['prlimit', `--nproc=${processes}`, path],
]

test.runIf(asRoot)('the hard limit takes effect', () => {
  const [command, ...args] = limited('sh', 2)
  expect(spawnSync(command!, [...args, '-c', 'sleep 1 & sleep 1 & sleep 1 & wait']).status).not.toBe(0)
})

describe.each(executables)('$title', ({ maker, interpreter, expected }) => {
  let executable: string
  test('with the default delivery', async () => {
    executable = await make(maker, 'trix')
    await exercise([executable], expected)
  })

  test('with the file name of an interpreter', async () => {
    const path = join(executable, '..', interpreter)
    copyFileSync(executable, path)
    await exercise([path], expected)
  })

  test.runIf(asRoot)('under a hard limit of processes', () =>
    exercise(limited(executable), expected, NOBODY_ELSE),
  )

  test("with delivery: 'detached'", async () => {
    await exercise([await make(maker, 'trix', 'stubborn.js')], expected)
  })
})

test('a Node whose file has another name: inline', async () => {
  const path = join(project.folder, 'trix-runtime')
  copyFileSync(node20, path)
  await exercise([path, join(project.folder, 'tool.js')], { route: 'inline' })
})

// Deno downloads denort when it first needs it, but not from a package registry. DENORT_BIN is the path of an existing one.
test.runIf(process.env.DENORT_BIN)('deno compile (needs denort, in DENORT_BIN)', async () => {
  await exercise([await make('deno', 'trix')], { route: 'inline' })
})
test.skip('pkg without --sea: its base binaries are downloaded from its releases page')
test.skip('Electron: its binary is downloaded from its releases page')

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { transformSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { BIN } from './listening.ts'
import { counts, startReceiver } from './receiver.ts'
import { hasTmux, openTerminal } from './terminal.ts'
import { resolutions, writeTypeProject } from './type-project.ts'
import { makeWorld, runProcess } from './world.ts'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** An empty project that installed what would be published. */
let project: string
let packed: string[]
let unpackedSize: number

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'otlp-tally-project-'))
  // Without `prepack`: the build that these tests run against is the one that is packed.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const [{ filename, files, ...sizes }] = JSON.parse(npm(pack, root))
  unpackedSize = sizes.unpackedSize
  packed = files.map(({ path }: { path: string }) => path)
  writeFileSync(join(project, 'package.json'), '{ "name": "trix", "version": "1.0.0", "type": "module" }')
  npm(['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], project)
}, 60_000)
afterAll(() => rmSync(project, { recursive: true, force: true, maxRetries: 5 }))

function npm(args: string[], cwd: string): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The code blocks of the README in one language. */
function examples(language: string): string[] {
  const blocks = readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))
  return [...blocks].map(([, code]) => code!)
}

test('the version in the code is that of the package', () => {
  expect(version).toBe(manifest.version)
})

test('there are no runtime dependencies, and no script runs when it is installed', () => {
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies']) {
    expect(manifest[kind]).toBeUndefined()
  }
  expect(Object.keys(manifest.scripts).filter(name => /install$/.test(name))).toEqual([])
  const tree = JSON.parse(npm(['ls', '--all', '--json'], project))
  expect(Object.keys(tree.dependencies)).toEqual(['otlp-tally'])
  expect(tree.dependencies['otlp-tally'].dependencies).toBeUndefined()
})

test('the package holds what is needed to run and to understand it, and nothing else', () => {
  // A part that is loaded only when it is asked for is a file of its own, and so is what such parts share.
  const kinds = packed.map(path =>
    path.replace(/^dist\/[a-z-]+-[A-Z0-9]{8}\.js$/, 'dist/*-*.js').replace(/^(docs|examples)\/.*/, '$1/*'),
  )
  expect([...new Set(kinds)].sort()).toEqual([
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bench/README.md',
    'dist/*-*.js',
    'dist/THIRD-PARTY-LICENSES.md',
    'dist/bin.js',
    'dist/cli.d.ts',
    'dist/cli.js',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/index.js.map',
    'docs/*',
    'examples/*',
    'package.json',
  ])
  expect(packed.filter(path => path.includes('node_modules'))).toEqual([])
  expect(unpackedSize).toBeLessThan(1_200_000)
})

/** Where the links and pictures of a page point to, except for the web: a file relative to the root, and a heading. */
function linked(page: string): { path: string; heading?: string | undefined }[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, link, picture]) => (link ?? picture)!)
    .filter(target => !/^[a-z]+:/.test(target))
    .map(target => {
      const [path, heading] = target.split('#')
      return { path: path ? join(dirname(page), path) : page, heading }
    })
}

/** The headings of a page as GitHub writes them in links. */
function headings(page: string): string[] {
  const lines = readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)
  return [...lines].map(([, text]) =>
    text!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

test.each([
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'bench/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
])('no link of %s is dead', page => {
  const isDead = ({ path, heading }: ReturnType<typeof linked>[number]) =>
    !existsSync(join(root, path)) || (heading !== undefined && !headings(path).includes(heading))
  expect(linked(page).filter(isDead)).toEqual([])
})

test('no link of the README is dead where the package is installed', () => {
  const installed = (path: string) => existsSync(join(project, 'node_modules/otlp-tally', path))
  // The pictures stay behind: they would be most of what every user of a tool downloads.
  const dead = linked('README.md').filter(({ path }) => !installed(path))
  expect(dead.filter(({ path }) => !path.startsWith('docs/pictures/'))).toEqual([])
})

test('every bundled package has its licence in it, and what a command loads bundles only the TOML parser', () => {
  const licences = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.md'), 'utf8')
  // A minified file has lost the comments with which the bundler names its sources, but its source map has them.
  const bundled = (file: string) => {
    const path = join(root, 'dist', file)
    const text = readFileSync(existsSync(`${path}.map`) ? `${path}.map` : path, 'utf8')
    const names = text.matchAll(/(?:^\/\/ |"\.\.\/)node_modules\/([^/\n]+)\//gm)
    return [...new Set([...names].map(([, name]) => name))]
  }
  expect(bundled('index.js')).toEqual(['smol-toml'])
  const files = packed.filter(path => /^dist\/.*\.js$/.test(path)).map(path => path.slice('dist/'.length))
  const names = [...new Set(files.flatMap(bundled))].sort()
  expect(names).toEqual(['eslint-visitor-keys', 'smol-toml', 'toml-eslint-parser'])
  for (const name of names) expect(licences).toContain(`## ${name} `)
})

test('what a command loads has not one byte of what it does not need', () => {
  const index = readFileSync(join(root, 'dist/index.js'), 'utf8')
  expect(index).not.toMatch(/usage:|--json|<html|parseArgs|createServer|createInterface/)
  // In minified and gzipped bytes, so that it does not grow unseen. The budget is 14,000: bench/README.md says by how much
  // it is missed, and what the bytes are.
  const { code } = transformSync(index, { minify: true, format: 'esm' })
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(19_800)
})

describe("the README's quick start, copied into an empty project", () => {
  beforeAll(() => writeFileSync(join(project, 'trix.mjs'), examples('js')[0]!))

  test('counts once the user has agreed, and does nothing before', async () => {
    const world = makeWorld()
    const receiver = await startReceiver()
    const run = (env: Record<string, string>) =>
      runProcess(process.execPath, ['trix.mjs', 'build'], { cwd: project, env: { ...world.env, ...env } })
    const quiet = { status: 0, stdout: 'build: done\n', stderr: '' }
    expect(await run({})).toMatchObject(quiet)
    expect(world.files()).toEqual([])
    const on = { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }
    expect(await run(on)).toMatchObject(quiet)
    expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
    await receiver.close()
  })

  test('prints what the README says that it prints, in a terminal', async () => {
    const world = makeWorld()
    const [, command, printed] = /^\$ (node trix\.mjs build)\n([\s\S]*)$/.exec(examples('console')[0]!)!
    const { stdout } = await runProcess('script', ['-qec', command!, '/dev/null'], {
      cwd: project,
      env: { ...world.env, PATH: `${dirname(process.execPath)}:${world.env.PATH}` },
    })
    expect(stdout.replaceAll('\r\n', '\n')).toBe(printed)
  })

  test.skipIf(!hasTmux)('arrives at `listen` in a terminal as the README says that it does', async () => {
    const [, shown] = examples('console')
    const [, commands] = examples('sh')
    const terminal = openTerminal(makeWorld(), 100)
    terminal.run(`clear; ${process.execPath} ${BIN} listen --port 0`)
    const page = /a page of what arrives: (\S+)\//.exec(await terminal.until(/nothing has arrived yet/))![1]!
    const world = makeWorld()
    const path = `${dirname(process.execPath)}:${world.env.PATH}`
    const runs = commands!.replaceAll('http://127.0.0.1:4318', page).trimEnd().split('\n')
    for (const [index, run] of runs.entries()) {
      await runProcess('sh', ['-c', run], { cwd: project, env: { ...world.env, PATH: path } })
      // The totals add up to the runs so far: a request may carry more than its own.
      const sum = (text: string) =>
        [...text.matchAll(/^ +(\d+) {2}trix/gm)].reduce((sum, [, total]) => sum + Number(total), 0)
      await expect
        .poll(async () => sum(await terminal.until(/^total|nothing/m)), { timeout: 10_000 })
        .toBe(index + 1)
    }
    const plain = (text: string) =>
      text.replace(/\d\d:\d\d:\d\d/g, '<time>').replaceAll(page, 'http://127.0.0.1:4318')
    const [said, table] = plain(shown!).split('…\n')
    const screen = plain(await terminal.until(/^total/m))
    expect(screen).toContain(said!.split('\n').slice(1).join('\n'))
    expect(screen).toContain(table)
    expect(runs).toHaveLength(3)
  })

  test('has the command with which its users control telemetry', async () => {
    const world = makeWorld()
    const run = (args: string[]) => runProcess(process.execPath, args, { cwd: project, env: world.env })
    expect(await run(['trix.mjs', 'telemetry', 'disable'])).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = false\n')
    const { stdout } = await run(['node_modules/.bin/otlp-tally', '--version'])
    expect(stdout).toBe(`${version}\n`)
  })
})

test('the README can be read in four minutes: at most 900 words without code and tables', () => {
  const prose = readme
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/^(\||!\[|<| {2}<).*$/gm, '')
    .replace(/\]\([^)]*\)/g, ']')
  expect(prose.split(/\s+/).length).toBeLessThanOrEqual(900)
})

test('require() gives the same module', async () => {
  const world = makeWorld()
  const code = `
    const { initTelemetry, trackCommand, flushTelemetry } = require('otlp-tally')
    const { runTelemetryCommand } = require('otlp-tally/cli')
    console.log(typeof initTelemetry, typeof trackCommand, typeof flushTelemetry, typeof runTelemetryCommand)`
  const result = await runProcess(process.execPath, ['-e', code], { cwd: project, env: world.env })
  expect(result).toMatchObject({ status: 0, stdout: 'function function function function\n' })
})

test.each(resolutions)(
  'the types hold in a strict project with module %s, moduleResolution %s',
  (module, moduleResolution) => {
    const folder = join(project, moduleResolution)
    writeTypeProject(folder, module, moduleResolution)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const output = execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    expect(output).toBe('')
  },
  60_000,
)

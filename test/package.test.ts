import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, transformSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../src/core/version.ts'
import { counts, startReceiver } from './receiver.ts'
import { type Resolution, resolutions, typeErrors, writeTypeProject } from './type-project.ts'
import { makeWorld, removeFolder, runProcess } from './world.ts'

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** An empty project that installed what would be published. */
let project: string
let packed: string[]
let unpackedSize: number

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'otlp-tally-project-'))
  const folder = join(project, 'package')
  execFileSync(process.execPath, [join(root, 'build/package.js'), folder], { stdio: 'pipe' })
  const [{ filename, files, ...sizes }] = JSON.parse(
    npm(['pack', '--json', '--pack-destination', project], folder),
  )
  unpackedSize = sizes.unpackedSize
  packed = files.map(({ path }: { path: string }) => path)
  writeFileSync(join(project, 'package.json'), '{ "name": "trix", "version": "1.0.0", "type": "module" }')
  npm(['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], project)
})
afterAll(() => removeFolder(project))

function npm(args: string[], cwd: string): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The code blocks of a page in one language. */
function examples(language: string, page: string = readme): string[] {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))
  return [...blocks].map(([, code]) => code!)
}

const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'bench/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
]

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

test('the package holds what is needed to run it and to see what runs', () => {
  // A part that is loaded only when it is asked for is a file of its own, and so is what such parts share.
  const kinds = packed.map(path =>
    path
      .replace(/^dist\/[a-z-]+-[A-Z0-9]{8}\.js$/, 'dist/*-*.js')
      .replace(/^src\/(core|helper)\/.*\.ts$/, 'src/$1/*'),
  )
  expect([...new Set(kinds)].sort()).toEqual([
    'LICENSE',
    'README.md',
    'dist/*-*.js',
    'dist/THIRD-PARTY-LICENSES.md',
    'dist/bin.js',
    'dist/cli.cjs',
    'dist/cli.d.cts',
    'dist/cli.d.ts',
    'dist/cli.js',
    'dist/index.cjs',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/index.js',
    'package.json',
    'src/core/*',
    'src/helper/*',
    'src/index.ts',
  ])
  expect(unpackedSize).toBeLessThanOrEqual(450_000)
})

test('the sources of everything that a command and its helper run are in the package', async () => {
  for (const entry of ['src/index.ts', 'src/helper/main.ts']) {
    const { metafile } = await build({
      ...{ entryPoints: [join(root, entry)], bundle: true, write: false, metafile: true, outdir: project },
      ...{ absWorkingDir: root, platform: 'node', format: 'esm' },
    })
    const own = Object.keys(metafile.inputs).filter(path => !path.includes('node_modules/'))
    expect(own.filter(path => !packed.includes(path))).toEqual([])
  }
})

/** Where the links and pictures of a page point to, except for the web: a file below the folder, and a heading. */
function linked(page: string, folder = root): { path: string; heading?: string | undefined }[] {
  const text = readFileSync(join(folder, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
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

test.each(pages)('no link of %s is dead', page => {
  const isDead = ({ path, heading }: ReturnType<typeof linked>[number]) =>
    !existsSync(join(root, path)) || (heading !== undefined && !headings(path).includes(heading))
  expect(linked(page).filter(isDead)).toEqual([])
})

test.each(pages.filter(page => page !== 'docs/api.md'))('%s has at most 1,200 words', page => {
  expect(readFileSync(join(root, page), 'utf8').trim().split(/\s+/).length).toBeLessThanOrEqual(1200)
})

test('each `npm run` of the pages is a script', () => {
  const text = pages.map(page => readFileSync(join(root, page), 'utf8')).join('\n')
  const names = new Set([...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name!))
  expect(names.size).toBeGreaterThan(10)
  expect([...names].filter(name => !Object.hasOwn(manifest.scripts, name))).toEqual([])
})

test('no link and no picture is dead where the package is installed', () => {
  const folder = join(project, 'node_modules/otlp-tally')
  const pages = packed.filter(path => path.endsWith('.md'))
  expect(pages).toContain('README.md')
  const links = pages.flatMap(page => linked(page, folder))
  expect(links.filter(({ path }) => !existsSync(join(folder, path)))).toEqual([])
})

test('once the repository has an address, the links to what is not in the package go there', () => {
  const folder = join(project, 'linked')
  const address = 'https://git.example/trix'
  execFileSync(process.execPath, [join(root, 'build/package.js'), folder, address], { stdio: 'pipe' })
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, a, b]) => (a ?? b)!)
  const files = targets.filter(target => target.startsWith(address))
  const prefix = `${address}/blob/v${version}/`
  expect(files).not.toEqual([])
  for (const target of files) expect(target.slice(0, prefix.length)).toBe(prefix)
})

test('every bundled package has its licence in it, and the TOML parser is the only one', () => {
  const licences = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.md'), 'utf8')
  expect([...licences.matchAll(/^## (\S+) /gm)].map(([, name]) => name)).toEqual(['smol-toml'])
  expect(licences).toContain('Redistribution and use in source and binary forms')
})

test('what a command loads has not one byte of what it does not need', () => {
  const index = readFileSync(join(root, 'dist/index.js'), 'utf8')
  expect(index).not.toMatch(/usage:|--json|<html|parseArgs|createServer|createInterface/)
  // In minified and gzipped bytes, so that it does not grow unseen.
  const { code } = transformSync(index, { minify: true, format: 'esm' })
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(26_500)
})

/** README's tool, and the smallest snippet above it. */
const wholeTool = examples('js').find(code => code.includes('runTelemetryCommand'))!
const snippet = examples('js')[0]!

describe("README's tool, copied into an empty project", () => {
  beforeAll(() => writeFileSync(join(project, 'trix.mjs'), wholeTool))

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
  })

  test('counts with the command that the README shows', async () => {
    const world = makeWorld()
    const receiver = await startReceiver()
    const command = examples('sh').find(code => code.includes('node trix.mjs'))!
    const path = `${dirname(process.execPath)}:${world.env.PATH}`
    const { stdout } = await runProcess(
      'sh',
      ['-c', command.replace('http://127.0.0.1:4318', receiver.endpoint)],
      { cwd: project, env: { ...world.env, PATH: path } },
    )
    expect(stdout).toBe('build: done\n')
    expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
  })

  test('has the command with which its users control telemetry', async () => {
    const world = makeWorld()
    const run = (args: string[]) => runProcess(process.execPath, args, { cwd: project, env: world.env })
    expect(await run(['trix.mjs', 'telemetry', 'disable'])).toMatchObject({ status: 0, stderr: '' })
    expect(world.files()).toEqual(['.local/state/trix/consent.json'])
    const { stdout } = await run(['node_modules/.bin/otlp-tally', '--version'])
    expect(stdout).toBe(`${version}\n`)
  })
})

/** What the tables of these pages tell the users of a tool to run. */
const userCommands = ['README.md', 'docs/TELEMETRY.md'].flatMap(page => {
  const rows = readFileSync(join(root, page), 'utf8')
    .match(/^\| .*$/gm)!
    .join('\n')
  return [...rows.matchAll(/`((?:TRIX_TELEMETRY=\w+ )?trix [^`]+)`/g)].map(([, command]) => command!)
})

describe('for users, README and docs/TELEMETRY.md name', () => {
  const bin = () => join(project, 'bin')
  beforeAll(() => {
    mkdirSync(bin())
    const script = `#!/bin/sh\nexec '${process.execPath}' '${join(project, 'trix.mjs')}' "$@"\n`
    writeFileSync(join(bin(), 'trix'), script, { mode: 0o755 })
    writeFileSync(join(project, 'trix.mjs'), wholeTool)
  })

  test('the commands that there are', () => {
    const names = userCommands.map(command => / telemetry (\w+)/.exec(command)?.[1] ?? 'build')
    const all = ['build', 'clear', 'disable', 'enable', 'export', 'preview', 'report', 'status']
    expect([...new Set(names)].sort()).toEqual(all)
  })

  test.each([...new Set(userCommands)])('%s', async command => {
    const world = makeWorld()
    const run = (line: string) =>
      runProcess('sh', ['-c', line], {
        cwd: world.cwd,
        env: { ...world.env, PATH: `${bin()}:${world.env.PATH}` },
      })
    await run('TRIX_TELEMETRY=local trix build')
    // On a terminal it asks.
    const { status, stdout } = await run(command.replace('clear --all', '$& --yes'))
    expect({ status, said: stdout !== '' }).toEqual({ status: 0, said: true })
  })
})

test('a project says no as docs/decision.md shows it', async () => {
  const page = readFileSync(join(root, 'docs/decision.md'), 'utf8')
  const [snippet] = examples('js', page)
  const tool = snippet!.replace('\ninitTelemetry(', '\nconst { trackCommand } = initTelemetry(')
  writeFileSync(join(project, 'project.mjs'), `${tool}\ntrackCommand('build')\n`)
  const world = makeWorld({ TRIX_TELEMETRY: 'local' })
  const run = () =>
    runProcess(process.execPath, [join(project, 'project.mjs')], { cwd: world.cwd, env: world.env })
  writeFileSync(join(world.cwd, '.trix-no-telemetry'), '')
  expect(await run()).toMatchObject({ status: 0, stderr: '' })
  expect(world.files()).toEqual([])
  rmSync(join(world.cwd, '.trix-no-telemetry'))
  await run()
  expect(world.files()).toHaveLength(1)
})

test("README's first snippet counts", async () => {
  const world = makeWorld()
  const receiver = await startReceiver()
  writeFileSync(join(project, 'snippet.mjs'), snippet)
  const env = { ...world.env, TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: receiver.endpoint }
  const quiet = { status: 0, stdout: '', stderr: '' }
  expect(await runProcess(process.execPath, ['snippet.mjs'], { cwd: project, env })).toMatchObject(quiet)
  expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
})

test('README has at most 800 words without code and tables', () => {
  const prose = readme
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/^(\||!\[|<| {2}<).*$/gm, '')
    .replace(/\]\([^)]*\)/g, ']')
  expect(prose.split(/\s+/).length).toBeLessThanOrEqual(800)
})

const required = `
  const { initTelemetry, flushTelemetry } = require('otlp-tally')
  const endpoint = 'http://127.0.0.1:9'
  const { trackCommand, trackEvent } = initTelemetry({ name: 'trix', version: '0.19.3', endpoint, commands: ['build'] })
  trackCommand('build')
  trackEvent('none')
  const { runTelemetryCommand } = require('otlp-tally/cli')
  flushTelemetry().then(async () => (process.exitCode = await runTelemetryCommand(['status'])))`

test('require() gives the same module', async () => {
  const world = makeWorld({ TRIX_TELEMETRY: 'local' })
  const code = `${required}
    import('otlp-tally').then(module => console.log(module.initTelemetry === initTelemetry))`
  const result = await runProcess(process.execPath, ['-e', code], { cwd: project, env: world.env })
  expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('true\n'), stderr: '' })
  expect(world.files()).not.toEqual([])
})

test('where Node cannot require an ES module, everything is off, and status says why', async () => {
  const world = makeWorld({ TRIX_TELEMETRY: 'on' })
  const older = ['--no-experimental-require-module', '-e', required]
  const { status, stdout, stderr } = await runProcess(process.execPath, older, {
    cwd: project,
    env: world.env,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.replace(/\s+/g, ' ')).toContain('this runtime cannot require an ES module')
  expect(world.files()).toEqual([])
})

test('the names that require() gives are those of the ES modules, on an older Node too', async () => {
  // What `cli.js` imports from `index.js` begins with an underscore.
  for (const specifier of ['otlp-tally', 'otlp-tally/cli']) {
    const code = `
      const names = Object.keys(require('${specifier}')).filter(name => !name.startsWith('_')).sort().join()
      import('${specifier}').then(module => console.log(names === Object.keys(module).filter(name => name !== 'default' && !name.startsWith('_')).sort().join(), names))`
    for (const flags of [[], ['--no-experimental-require-module']]) {
      const { stdout } = await runProcess(process.execPath, [...flags, '-e', code], {
        cwd: project,
        env: makeWorld().env,
      })
      expect(stdout).toMatch(/^true \w+/)
    }
  }
})

test('no version of Node is refused that can import the package', () => {
  expect(manifest.engines).toEqual({ node: '>=16' })
})

test.each(resolutions)(
  'the types hold in a strict project of type %s, with module %s, moduleResolution %s',
  (...resolution) => {
    const folder = join(project, resolution.join('-'))
    const [type] = resolution
    const more = type === 'module' ? { 'quick-start.ts': quickStart() } : {}
    writeTypeProject(folder, resolution as Resolution, more)
    expect(typeErrors(folder)).toBe('')
  },
)

test('the message for a wrong value of an event names the right ones', () => {
  const folder = join(project, 'message')
  const typo = `import { initTelemetry } from 'otlp-tally'
const events = { cup_brewed: { size: ['small', 'large'], decaf: Boolean } } as const
const { trackEvent } = initTelemetry({ name: 'trix', version: '1.0.0', commands: [], events })
trackEvent('cup_brewed', { size: 'smal', decaf: true })`
  writeTypeProject(folder, resolutions[0], { 'typo.ts': typo })
  expect(typeErrors(folder)).toContain(
    `Type '"smal"' is not assignable to type '"small" | "large" | undefined'`,
  )
})

/** README's tool, pasted into a file of TypeScript, and a typo. */
function quickStart(): string {
  return `${wholeTool}\n// @ts-expect-error a typo in a command\ntrackCommand('biuld')\n`
}

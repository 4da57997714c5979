import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { counts, startReceiver } from '../receiver.ts'
import { makeWorld, type Result, runProcess, type World } from '../world.ts'
import { foreignBlocks, root } from './pages.ts'

const page = readFileSync(join(root, 'docs/frameworks.md'), 'utf8')
const folder = join(root, 'examples/frameworks')

interface Example {
  /** The name of the package, and of its row in docs/frameworks.md. */
  title: string
  sources: string[]
  /** The file that is run: the source, or what the setup compiled from it. */
  main: string
}

const javascript = (title: string, file = title): Example => ({
  title,
  sources: [`${file}.js`],
  main: `${file}.js`,
})
const typescript = (title: string, file = title): Example => ({
  title,
  sources: [`${file}.ts`],
  main: `build/${file}.js`,
})

const examples: Example[] = [
  javascript('commander'),
  javascript('yargs'),
  typescript('@oclif/core', 'oclif'),
  javascript('citty'),
  javascript('cac'),
  javascript('sade'),
  typescript('clipanion'),
  typescript('nest-commander'),
  {
    title: 'pastel',
    sources: [
      'pastel/telemetry.ts',
      'pastel/cli.ts',
      'pastel/commands/_app.tsx',
      'pastel/commands/db/migrate.tsx',
    ],
    main: 'build/pastel/cli.js',
  },
  javascript('util.parseArgs', 'parse-args'),
  { title: 'none, CommonJS', sources: ['commonjs.cjs'], main: 'commonjs.cjs' },
]

/** citty and sade accept a flag that the tool does not define. All others refuse it. */
const lenient = new Set(['citty', 'sade'])

/** Command lines that are not counted. */
const notCounted = ({ title }: Example): string[][] => [
  [],
  ['--help'],
  ['--version'],
  ['db', 'migrate', '--help'],
  ['db', 'migrate'],
  ...(lenient.has(title) ? [] : [['db', 'migrate', 'latest', '--nope']]),
]

/** Command lines whose command does not exist. */
const unknown = [['nope'], ['db', 'nope', 'latest']]

/** Replaces otlp-tally with a module that does nothing, which shows what the framework does without it. */
const replaceLibrary = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(\`
    const nothing = 'data:text/javascript,export const trackCommand = () => {}; export const initTelemetry = () => ({ trackCommand })'
    export const resolve = (specifier, context, next) =>
      specifier === 'otlp-tally' ? { url: nothing, shortCircuit: true } : next(specifier, context)
  \`))
`)}`

function runner(world: World, { main }: Example) {
  const run = (args: readonly string[], flags: readonly string[] = [], env = {}): Promise<Result> =>
    runProcess(process.execPath, [...flags, join(folder, main), ...args], {
      cwd: world.cwd,
      env: { ...world.env, NO_COLOR: '1', ...env },
    })
  // Node 20 has no hook that replaces what `require` returns, so telemetry is only off there.
  const runWithout = (args: readonly string[]) =>
    main.endsWith('.cjs') ? run(args, [], { DO_NOT_TRACK: '1' }) : run(args, ['--import', replaceLibrary])
  return { run, runWithout }
}

describe.each(examples)('$title', example => {
  test('counts the resolved command once, and does not change what the framework does', async () => {
    const world = makeWorld()
    const { run, runWithout } = runner(world, example)
    const receiver = await startReceiver()
    world.writeConfig(`[telemetry]\nenabled = true\nendpoint = "${receiver.endpoint}"\n`)
    const same = async (args: string[]) => {
      const [result, expected] = await Promise.all([run(args), runWithout(args)])
      expect({ args, ...result }).toEqual({ args, ...expected })
    }
    for (const args of [...notCounted(example), ['db', 'migrate', 'latest']]) await same(args)
    // A body has everything that was counted so far, so this one would show counts of the runs before it.
    expect(counts(await receiver.arrived(1))).toEqual({ 'db migrate': 1 })
    for (const [index, args] of unknown.entries()) {
      await same(args)
      expect(counts(await receiver.arrived(2 + index))).toEqual({ 'db migrate': 1, unknown: 1 + index })
    }

    expect(await run(['telemetry', 'disable'])).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(join(world.state, 'consent.json'), 'utf8')).toContain('"no"')
    expect(await run(['db', 'migrate', 'latest'])).toMatchObject({
      status: 0,
      stdout: 'migrated to latest\n',
    })
    expect(await run(['telemetry', 'enable'])).toMatchObject({ status: 0, stderr: '' })
    await run(['db', 'migrate', 'latest'])
    // After disable and enable there is a new installation, which counts from zero.
    const before = 1 + unknown.length
    expect(counts((await receiver.arrived(before + 1)).slice(before))).toEqual({ 'db migrate': 1 })
    expect(receiver.requests).toHaveLength(before + 1)
    for (const { body } of receiver.requests) expect(body).not.toMatch(/nope|latest/)
  })

  test('an argument is never counted, wherever it stands', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    const { run } = runner(world, example)
    const places = [
      ['secret'],
      ['db', 'secret', 'secret'],
      ['db', 'migrate', 'secret'],
      ['db', 'migrate', 'secret', 'secret'],
      ['db', 'migrate', 'secret', '--', 'secret'],
      ['--secret', 'db', 'migrate', 'secret'],
    ]
    await Promise.all(places.map(args => run(args)))
    const { stdout } = await run(['telemetry', 'export', '-f', 'json'])
    expect(stdout).toContain('db migrate')
    expect(stdout).not.toContain('secret')
  })

  test('the telemetry command gets its flags, and the tool exits with its code', async () => {
    const world = makeWorld()
    const { run } = runner(world, example)
    const { status, stdout } = await run(['telemetry', 'status', '--json'])
    expect({ status, name: JSON.parse(stdout).name }).toEqual({ status: 0, name: 'trix' })
    expect((await run(['telemetry', 'nope'])).status).toBe(2)
    expect(await run(['telemetry', '--help'])).toMatchObject({ status: 0, stderr: '' })
  })

  test('at most 45 lines per file', () => {
    for (const file of example.sources)
      expect(readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(45)
  })

  test('is in the table of docs/frameworks.md, with the version that it is run with', () => {
    const row = page.split('\n').find(line => line.startsWith(`| [${example.title}]`))!
    expect(row).toContain(`(../examples/frameworks/${example.sources[0]!.replace(/\/.*/, '')})`)
    const manifest = join(folder, 'node_modules', example.title, 'package.json')
    const version = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : 'Node'
    expect(row).toContain(` | ${version} `)
  })
})

test('each block of code in docs/frameworks.md is a part of an example', () => {
  const files = examples.flatMap(({ sources }) => sources.map(file => `frameworks/${file}`))
  expect(foreignBlocks('frameworks.md', files)).toEqual([])
})

test('docs/frameworks.md has at most 760 words', () => {
  expect(page.split(/\s+/).length).toBeLessThanOrEqual(760)
})

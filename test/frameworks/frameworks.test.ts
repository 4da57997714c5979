import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { counts, startReceiver } from '../receiver.ts'
import { makeWorld, type Result, runProcess, type World } from '../world.ts'

const folder = join(import.meta.dirname, '../../examples/frameworks')

/** An example: its files in the order in which they are read, what is run, and what its framework refuses beyond all others. */
interface Example {
  name: string
  sources: string[]
  main: string
}

const typescript = (file: string): Example => ({
  name: file,
  sources: [`${file}.ts`],
  main: `build/${file}.js`,
})
const javascript = (file: string): Example => ({ name: file, sources: [`${file}.js`], main: `${file}.js` })

const examples: Example[] = [
  javascript('commander'),
  javascript('yargs'),
  typescript('oclif'),
  javascript('citty'),
  javascript('cac'),
  javascript('sade'),
  typescript('clipanion'),
  javascript('parse-args'),
  typescript('nest-commander'),
  {
    name: 'pastel',
    sources: ['pastel/cli.ts', 'pastel/commands/_app.tsx', 'pastel/commands/db/migrate.tsx'],
    main: 'build/pastel/cli.js',
  },
]

/** citty and sade take a flag that they do not know for the tool's own. All others refuse it. */
const lenient = new Set(['citty', 'sade'])

/** What is never counted, whichever framework it is. */
const notCounted = (name: string): string[][] => [
  [],
  ['--help'],
  ['--version'],
  ['nope'],
  ['db'],
  ['db', 'nope'],
  ['db', 'nope', 'latest'],
  ['db', '--help'],
  ['db', 'migrate', '--help'],
  ['db', 'migrate'],
  ...(lenient.has(name) ? [] : [['db', 'migrate', 'latest', '--nope']]),
]

/** In the place of otlp-tally, a module that does nothing: what the framework does without us. */
const without = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(\`
    const nothing = 'data:text/javascript,export const initTelemetry = () => {}, trackCommand = () => {}'
    export const resolve = (specifier, context, next) =>
      specifier === 'otlp-tally' ? { url: nothing, shortCircuit: true } : next(specifier, context)
  \`))
`)}`

function runner(world: World, { main }: Example) {
  const run = (args: readonly string[], flags: readonly string[] = []): Promise<Result> =>
    runProcess(process.execPath, [...flags, join(folder, main), ...args], {
      cwd: world.cwd,
      env: { ...world.env, NO_COLOR: '1' },
    })
  return { run, runWithout: (args: readonly string[]) => run(args, ['--import', without]) }
}

describe.each(examples)('$name', example => {
  test('counts the command that was resolved, once, and changes nothing of what the framework does', async () => {
    const world = makeWorld()
    const { run, runWithout } = runner(world, example)
    const receiver = await startReceiver()
    world.writeConfig(`[telemetry]\nenabled = true\nendpoint = "${receiver.endpoint}"\n`)
    for (const args of [...notCounted(example.name), ['db', 'migrate', 'latest']]) {
      const [result, expected] = await Promise.all([run(args), runWithout(args)])
      expect({ args, ...result }).toEqual({ args, ...expected })
    }
    // A body carries all that was ever counted, so this one would show what the runs before it have added.
    expect(counts(await receiver.arrived(1))).toEqual({ 'db migrate': 1 })

    expect(await run(['telemetry', 'disable'])).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(world.config, 'utf8')).toContain('enabled = false')
    expect(await run(['db', 'migrate', 'latest'])).toMatchObject({
      status: 0,
      stdout: 'migrated to latest\n',
    })
    expect(await run(['telemetry', 'enable'])).toMatchObject({ status: 0, stderr: '' })
    await run(['db', 'migrate', 'latest'])
    expect(counts(await receiver.arrived(2))).toEqual({ 'db migrate': 2 })
    expect(receiver.requests).toHaveLength(2)
    await receiver.close()
  })

  test('an argument is never counted, wherever it stands', async () => {
    const world = makeWorld({ TRIX_TELEMETRY: 'local' })
    const { run } = runner(world, example)
    const places = [
      ['secret'],
      ['db', 'secret'],
      ['db', 'migrate', 'secret'],
      ['db', 'migrate', 'secret', 'secret'],
      ['db', 'migrate', 'secret', '--', 'secret'],
      ['--', 'secret'],
      ['--secret', 'db', 'migrate', 'secret'],
    ]
    await Promise.all(places.map(args => run(args)))
    const { stdout } = await run(['telemetry', 'export', '-f', 'json'])
    expect(stdout).toContain('db migrate')
    expect(stdout).not.toContain('secret')
  })

  test('flags and exit codes of the telemetry command get through', async () => {
    const world = makeWorld()
    const { run } = runner(world, example)
    const { status, stdout } = await run(['telemetry', 'status', '--json'])
    expect({ status, name: JSON.parse(stdout).name }).toEqual({ status: 0, name: 'trix' })
    expect((await run(['telemetry', 'nope'])).status).toBe(2)
    expect(await run(['telemetry', '--help'])).toMatchObject({ status: 0, stderr: '' })
  })

  test('at most 25 lines a file', () => {
    for (const file of example.sources)
      expect(readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(25)
  })
})

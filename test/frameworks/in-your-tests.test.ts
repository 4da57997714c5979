import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startListen } from '../listening.ts'
import { makeWorld, runProcess, type World } from '../world.ts'
import { blocksOf, foreignBlocks, root } from './pages.ts'

const folder = join(root, 'examples/tests')
const jest = join(root, 'examples/frameworks/node_modules/jest/bin/jest.js')

/** Each runner and the file that it runs, as docs/tests.md names them. */
const runners: [name: string, args: string[], file: string][] = [
  ['Vitest', [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'vitest.test'], 'vitest.test.js'],
  ['Jest', [jest], 'jest.test.cjs'],
  ['node --test', ['--test', 'node.test.js'], 'node.test.js'],
]

/** A new project with the examples, the package and Vitest in it. */
function makeProject(): World {
  const world = makeWorld()
  for (const name of readdirSync(folder).filter(name => name !== 'node_modules'))
    copyFileSync(join(folder, name), join(world.cwd, name))
  const modules = join(world.cwd, 'node_modules')
  mkdirSync(modules, { recursive: true })
  symlinkSync(root, join(modules, 'otlp-tally'))
  symlinkSync(join(root, 'node_modules/vitest'), join(modules, 'vitest'))
  writeFileSync(join(world.cwd, 'package.json'), '{ "type": "module" }')
  return world
}

describe.each(runners)('%s', (_, args, file) => {
  test('the test passes where the tool counts, and fails where it does not', async () => {
    const { cwd, env } = makeProject()
    const run = () => runProcess(process.execPath, args, { cwd, env })
    expect(await run()).toMatchObject({ status: 0 })
    const tool = readFileSync(join(cwd, 'trix.js'), 'utf8')
    writeFileSync(join(cwd, 'trix.js'), tool.replace("commands: ['build']", "commands: ['biuld']"))
    const { status, stdout, stderr } = await run()
    expect(status).toBe(1)
    // Jest escapes quotes.
    expect((stdout + stderr).replaceAll('\\', '')).toContain('"stringValue":"unknown"')
  })

  test('a tool that a test starts is off, also if its user has agreed', async () => {
    const { cwd, env, writeConfig } = makeProject()
    writeConfig('[telemetry]\nenabled = true\n')
    const tool = readFileSync(join(cwd, 'trix.js'), 'utf8')
    const status = `${tool.slice(0, tool.indexOf('\n})'))}\n})
      const { runTelemetryCommand } = await import('otlp-tally/cli')
      await runTelemetryCommand(['status'], { stdout: process.stderr })`
    writeFileSync(join(cwd, 'trix.js'), status)
    const alone = await runProcess(process.execPath, ['trix.js'], { cwd, env })
    expect(alone.stderr).toContain('trix telemetry is on')
    const source = readFileSync(join(cwd, file), 'utf8')
    writeFileSync(join(cwd, file), source.replace("TRIX_TELEMETRY: 'log'", "TRIX_TELEMETRY: ''"))
    const { stdout, stderr } = await runProcess(process.execPath, args, { cwd, env })
    // The test fails, and shows what the tool printed.
    expect(stdout + stderr).toContain('trix telemetry is off')
  })
})

test('Jest can require the package, whose functions then do nothing', async () => {
  const { cwd, env } = makeProject()
  writeFileSync(
    join(cwd, 'jest.test.cjs'),
    `test('a command', async () => {
      const { initTelemetry, trackCommand, flushTelemetry } = require('otlp-tally')
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:9', commands: ['build'] })
      trackCommand('build')
      await flushTelemetry()
    })`,
  )
  const result = await runProcess(process.execPath, [jest], { cwd, env: { ...env, TRIX_TELEMETRY: 'on' } })
  expect(result).toMatchObject({ status: 0, stderr: expect.stringContaining('1 passed') })
})

test('each block of code in docs/tests.md is a part of an example', () => {
  const files = ['vitest.config.js', 'jest.config.cjs', 'vitest.test.js']
  expect(
    foreignBlocks(
      'tests.md',
      files.map(file => `tests/${file}`),
    ),
  ).toEqual([])
  expect(blocksOf('tests.md').map(({ language }) => language)).toEqual(['js', 'js', 'js', 'sh'])
})

test('the commands of docs/tests.md show a real request, and leave the state folder alone', async () => {
  const { cwd, env, home } = makeProject()
  const { page, printed } = await startListen('--file', join(cwd, 'counts.jsonl'))
  const { code } = blocksOf('tests.md').find(({ language }) => language === 'sh')!
  const command = code.replace('http://127.0.0.1:4318', page)
  const result = await runProcess('sh', ['-c', command], { cwd, env: { ...env, VITEST: 'true' } })
  expect(result).toMatchObject({ status: 0, stdout: 'done\n', stderr: '' })
  await printed('build  +1  (1)')
  expect(readdirSync(home)).toEqual([])
})

test('a module of the tool that exports trackCommand can be mocked', async () => {
  const { cwd, env } = makeProject()
  writeFileSync(join(cwd, 'telemetry.js'), "throw new Error('loaded')\nexport function trackCommand() {}\n")
  writeFileSync(
    join(cwd, 'build.js'),
    "import { trackCommand } from './telemetry.js'\ntrackCommand('build')\n",
  )
  writeFileSync(
    join(cwd, 'mock.test.js'),
    `import { expect, test, vi } from 'vitest'
    import { trackCommand } from './telemetry.js'
    vi.mock('./telemetry.js', () => ({ trackCommand: vi.fn() }))
    test('build', async () => {
      await import('./build.js')
      expect(trackCommand).toHaveBeenCalledWith('build')
    })`,
  )
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'mock.test']
  expect(await runProcess(process.execPath, args, { cwd, env })).toMatchObject({ status: 0 })
})

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { counts } from '../receiver.ts'
import { exercise, makeTrial } from './exercise.ts'
import { bundlers } from './matrix.ts'
import { makeFolder, makeProject, toolSource } from './project.ts'
import { runtimes, TOOLS } from './tools.ts'

const { node20, node24, bun } = runtimes
const project = makeProject()
/** Outside the project, so that a bundle cannot find files of the project, by `import.meta.url` or by a path. */
const elsewhere = makeFolder()
project.write('tool.js', toolSource('module'))
project.write('wrapped.js', toolSource('wrapped'))
let builds = 0

/** Bundles the tool, or another file of the project, and returns the path of the result. */
async function bundle(bundler: string, variant: string, entry?: string): Promise<string> {
  const cjs = variant.includes('cjs')
  const input = join(project.folder, entry ?? (cjs ? 'wrapped.js' : 'tool.js'))
  const folder = join(elsewhere, `${builds++}`)
  mkdirSync(folder)
  const output = join(folder, cjs ? 'tool.cjs' : 'tool.mjs')
  if (bundler === 'bun')
    await project.make(
      bun,
      ...['build', input, '--target', 'node', '--format', cjs ? 'cjs' : 'esm', '--outfile', output],
      ...(variant.includes('minified') ? ['--minify'] : []),
    )
  else
    await project.make(node24, join(import.meta.dirname, 'bundle.ts'), TOOLS, bundler, variant, input, folder)
  return output
}

describe.each(bundlers)('%s', (bundler, variants) => {
  test.each(variants)('%s', async variant => {
    const output = await bundle(bundler, variant)
    const code = readdirSync(join(output, '..')).map(name => readFileSync(join(output, '..', name), 'utf8'))
    expect(code.join('')).not.toMatch(/(from|import|require)\s*\(?\s*["']otlp-tally/)
    await exercise([node20, output], { route: 'detached' })
  })
})

test('bun build --target bun, run by Bun', async () => {
  const output = join(elsewhere, 'for-bun.js')
  await project.make(bun, 'build', 'tool.js', '--target', 'bun', '--minify', '--outfile', output)
  await exercise([bun, output], { route: 'detached' })
})

test.each(['esm', 'cjs'])('instrumented by istanbul, %s', async format => {
  const output = await bundle('esbuild', format)
  const { createInstrumenter } = createRequire(join(TOOLS, 'index.js'))('istanbul-lib-instrument')
  const instrumenter = createInstrumenter({ esModules: format === 'esm' })
  const code = instrumenter.instrumentSync(readFileSync(output, 'utf8'), output)
  expect(code).toContain('__coverage__')
  writeFileSync(output, code)
  await exercise([node20, output], { route: 'detached' })
})

test('in one process, copies from different bundlers and a copy that is not bundled share one state', async () => {
  project.write(
    'copy.js',
    `import { initTelemetry, trackCommand } from 'otlp-tally'
    export function count() {
      initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318', commands: ['build'] })
      trackCommand('build')
    }`,
  )
  const copies = [
    await bundle('esbuild', 'esm minified', 'copy.js'),
    await bundle('rollup', 'cjs minified', 'copy.js'),
    await bundle('vite', 'esm', 'copy.js'),
    join(project.folder, 'copy.js'),
  ]
  const all = join(elsewhere, 'all.mjs')
  writeFileSync(
    all,
    `${copies.map((path, i) => `import * as copy${i} from '${path}'\n`).join('')}
    for (const { count } of [${copies.map((_, i) => `copy${i}`)}]) count()`,
  )
  const { run, receiver, delivered } = await makeTrial([node20, all])
  expect(await run([])).toMatchObject({ status: 0, stdout: '', stderr: '' })
  await delivered(1)
  expect(counts(receiver.requests)).toEqual({ build: 4 })
})

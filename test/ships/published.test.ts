import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, inject, test } from 'vitest'
import { resolutions, writeTypeProject } from '../type-project.ts'
import { runProcess } from '../world.ts'
import { bundlers, inlineRows, worksRows } from './matrix.ts'
import { makeProject } from './project.ts'
import { runtimes, TOOLS } from './tools.ts'

const { node24 } = runtimes
const project = makeProject()
const load = createRequire(join(TOOLS, 'index.js'))

test('publint finds no problem', async () => {
  const { stdout } = await project.make(
    node24,
    join(TOOLS, 'publint/src/cli.js'),
    inject('packed'),
    '--strict',
  )
  expect(stdout).toContain('All good!')
})

test('attw finds no problem with any resolution', async () => {
  const attw = join(TOOLS, '@arethetypeswrong/cli/dist/index.js')
  const args = [inject('tarball'), '--format', 'json']
  const { stdout } = await project.make(node24, attw, ...args)
  const { analysis } = JSON.parse(stdout)
  expect(Object.keys(analysis.entrypoints)).toEqual(['.', './cli', './package.json'])
})

test.each(
  ['5.4', '5.9', '6', '7'].flatMap(version => resolutions.map(resolution => ({ version, resolution }))),
)('TypeScript $version, $resolution', async ({ version, resolution }) => {
  // TypeScript 7 has no `moduleResolution: "node"`. 6 needs `ignoreDeprecations` for it, with a value that 5 refuses.
  if (version !== '6' && resolution[2] === 'node') return
  const folder = join(project.folder, `typescript-${version}-${resolution.join('-')}`)
  writeTypeProject(folder, resolution)
  const tsc = join(TOOLS, `typescript-${version}`, load(`typescript-${version}/package.json`).bin.tsc)
  expect(await runProcess(node24, [tsc, '-p', folder], { cwd: folder, env: {} })).toMatchObject({
    stdout: '',
    status: 0,
  })
})

/** The bundle that a bundler makes of this code. */
async function bundled(bundler: string, code: string): Promise<string> {
  const entry = project.write(`${bundler}.js`, code)
  const folder = join(project.folder, `${bundler}-build`)
  const variant = 'esm minified'
  await project.make(node24, join(import.meta.dirname, 'bundle.ts'), TOOLS, bundler, variant, entry, folder)
  return readFileSync(join(folder, 'tool.mjs'), 'utf8')
}

test.each(['esbuild', 'rollup', 'webpack', 'rspack', 'vite', 'tsdown'])(
  'sideEffects: false holds: %s leaves out what is not used',
  async bundler => {
    const unused = `import 'otlp-tally'
      import { initTelemetry, trackCommand } from 'otlp-tally'
      import { runTelemetryCommand } from 'otlp-tally/cli'
      console.log('nothing of it')
      export const never = () => {}`
    const code = await bundled(bundler, unused)
    expect(code).toContain('nothing of it')
    expect(code.length).toBeLessThan(400)
    // The same code with a use of the package has it, so the bundler does find the package.
    expect(await bundled(bundler, `${unused}\ninitTelemetry({ name: 'trix', version: '1.0.0' })`)).toMatch(
      /command_invocation/,
    )
  },
)

test('the size of each import', async () => {
  const imports: [from: string, names: string, budget: number][] = [
    ['otlp-tally', 'initTelemetry', 25_000],
    ['otlp-tally', 'initTelemetry, trackCommand', 25_000],
    ['otlp-tally', 'initTelemetry, trackCommand, trackEvent, flushTelemetry', 25_000],
    ['otlp-tally/cli', 'runTelemetryCommand', 60_000],
    ['otlp-tally/cli', 'askConsent', 60_000],
  ]
  const report: string[] = []
  for (const [from, names, budget] of imports) {
    const contents = `export { ${names} } from '${from}'`
    const options = {
      stdin: { contents, resolveDir: project.folder },
      bundle: true,
      minify: true,
      legalComments: 'none',
      write: false,
    }
    const { outputFiles } = await load('esbuild').build({ ...options, platform: 'node', format: 'esm' })
    const bytes = outputFiles[0].contents
    const size = gzipSync(bytes, { level: 9 }).length
    report.push(
      `${`${size}`.padStart(7)} bytes gzipped, ${`${bytes.length}`.padStart(7)} minified: ${contents}`,
    )
    expect(size, contents).toBeLessThanOrEqual(budget)
  }
  console.log(report.join('\n'))
})

test('the tables in docs/where-it-works.md have what is run here, row by row', () => {
  const path = join(import.meta.dirname, '../../docs/where-it-works.md')
  const page = readFileSync(path, 'utf8').replace(/ +/g, ' ')
  for (const rows of [worksRows(), inlineRows])
    expect(page).toContain(rows.map(cells => `| ${cells.join(' | ')} |\n`).join(''))
  // "ESM and CommonJS, also minified"
  for (const [, variants] of bundlers)
    for (const kind of ['esm', 'cjs', 'minified']) expect(variants.join()).toContain(kind)
})

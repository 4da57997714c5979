import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { helperCode, requesterCode } from './build/helper-code.ts'
import { licences } from './build/licences.ts'
import { exportCore, importCore } from './build/shared-core.ts'

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(async (): Promise<Options[]> => {
  rmSync('dist', { recursive: true, force: true })
  mkdirSync('dist')
  for (const name of ['index.cjs', 'cli.cjs']) copyFileSync(`src/${name}`, `dist/${name}`)
  const common: Options = {
    format: 'esm',
    target: 'node20',
    platform: 'node',
    define: {
      HELPER_CODE: JSON.stringify(await helperCode()),
      REQUESTER_CODE: JSON.stringify(await requesterCode()),
    },
    // What is not parsed costs nothing. The sources of what runs at a user's are in the package.
    minify: true,
  }
  const listed = licences()
  // tsup's declaration bundler sets `baseUrl`, which TypeScript 6 reports as deprecated.
  const dts = { compilerOptions: { ignoreDeprecations: '6.0' } }
  return [
    // One file, because a command loads it.
    {
      ...common,
      entry: { index: 'src/index.ts' },
      splitting: false,
      esbuildPlugins: [listed, exportCore()],
      // The licences are in a file of their own.
      esbuildOptions: options => void (options.legalComments = 'none'),
      dts,
    },
    // A person runs these. What both use is there once, and what is seldom used is a file of its own.
    {
      ...common,
      entry: { cli: 'src/cli.ts', bin: 'src/bin.ts' },
      splitting: true,
      esbuildPlugins: [listed, importCore()],
      dts: { ...dts, entry: 'src/cli.ts' },
    },
  ]
})

export default config

import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import type { Plugin } from 'esbuild'
import { defineConfig, type Options } from 'tsup'
import { helperCode, requesterCode } from './build/helper-code.ts'
import { licences } from './build/licences.ts'

/** `otlp-tally count` counts with the package itself, instead of a second copy of all that a command runs. */
const packageItself: Plugin = {
  name: 'package-itself',
  setup(build) {
    build.onResolve({ filter: /^\.\.\/core\/handle\.ts$/ }, () => ({ path: './index.js', external: true }))
  },
}

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
    esbuildPlugins: [licences()],
  }
  // tsup's declaration bundler sets `baseUrl`, which TypeScript 6 reports as deprecated.
  const dts = { compilerOptions: { ignoreDeprecations: '6.0' } }
  return [
    // No chunks shared between the entries: what a normal command loads is one read, and the handle on globalThis is
    // what they have in common.
    // Minified, because what is not parsed costs nothing. Its sources are in the package.
    {
      ...common,
      entry: { index: 'src/index.ts' },
      splitting: false,
      minify: true,
      // The licences are in a file of their own.
      esbuildOptions: options => void (options.legalComments = 'none'),
      dts,
    },
    // These two are run by a person who looks: what they share is there once, what is seldom asked for is a file of its own.
    {
      ...common,
      entry: { cli: 'src/cli.ts', bin: 'src/bin.ts' },
      splitting: true,
      minify: true,
      esbuildPlugins: [licences(), packageItself],
      dts: { ...dts, entry: 'src/cli.ts' },
    },
  ]
})

export default config

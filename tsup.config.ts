import { rmSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'
import { requesterCode, helperCode } from './build/helper-code.ts'
import { writeLicences } from './build/licences.ts'

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(async (): Promise<Options[]> => {
  rmSync('dist', { recursive: true, force: true })
  const common: Options = {
    format: 'esm',
    target: 'node20',
    platform: 'node',
    define: {
      HELPER_CODE: JSON.stringify(await helperCode()),
      REQUESTER_CODE: JSON.stringify(await requesterCode()),
    },
    onSuccess: async () => writeLicences(),
  }
  // tsup's declaration bundler sets `baseUrl`, which TypeScript 6 reports as deprecated.
  const dts = { compilerOptions: { ignoreDeprecations: '6.0' } }
  return [
    // No chunks shared between the entries: what a normal command loads is one read, and the handle on globalThis is
    // what they have in common.
    // Minified, because what is not parsed costs nothing; the source map beside it shows what it is made from.
    {
      ...common,
      entry: { index: 'src/index.ts' },
      splitting: false,
      minify: true,
      sourcemap: true,
      // The licences are in a file of their own.
      esbuildOptions: options => void (options.legalComments = 'none'),
      dts,
    },
    // These two are run by a person who looks: what they share is there once, what is seldom asked for is a file of its own.
    {
      ...common,
      entry: { cli: 'src/cli.ts', bin: 'src/bin.ts' },
      splitting: true,
      dts: { ...dts, entry: 'src/cli.ts' },
    },
  ]
})

export default config

import { defineConfig, type Options } from 'tsup'
import { helperCode } from './build/helper-code.ts'

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(
  async (): Promise<Options> => ({
    entry: { index: 'src/index.ts', cli: 'src/cli.ts' },
    format: 'esm',
    target: 'node20',
    platform: 'node',
    clean: true,
    define: { HELPER_CODE: JSON.stringify(await helperCode()) },
    // tsup's declaration bundler sets `baseUrl`, which TypeScript 6 reports as deprecated.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  }),
)

export default config

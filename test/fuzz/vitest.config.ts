import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { helperCode } from '../../build/helper-code.ts'

// One seed for all files, printed before anything can fail.
const seed = process.env.FUZZ_SEED ?? String(Date.now() % 2 ** 31)
console.log(`FUZZ_SEED=${seed}`)

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(
  async (): Promise<ViteUserConfig> => ({
    define: { HELPER_CODE: JSON.stringify(await helperCode()) },
    test: {
      include: ['test/fuzz/*.test.ts'],
      setupFiles: ['test/fuzz/output.ts'],
      env: { FUZZ_SEED: seed },
      // One for each core of a small CI machine. By default vitest leaves one of two idle.
      maxWorkers: 2,
      // A guard on a busy machine: most take seconds.
      testTimeout: 900_000 * Math.max(Number(process.env.FUZZ_FACTOR ?? 1), 1),
    },
  }),
)

export default config

import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { helperCode } from './build/helper-code.ts'

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(
  async (): Promise<ViteUserConfig> => ({
    define: { HELPER_CODE: JSON.stringify(await helperCode()) },
    test: {
      include: ['test/*.test.ts'],
      // Real processes: a test waits for what it needs, not for a time, but it may wait long. Most of the time is
      // waiting, so files run side by side also on two cores.
      maxWorkers: 4,
      testTimeout: 30_000,
    },
  }),
)

export default config

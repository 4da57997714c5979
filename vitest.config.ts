import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { helperCode } from './build/helper-code.ts'
import { GUARD_MS } from './test/machine.ts'

type Config = ReturnType<typeof defineConfig>

const config: Config = defineConfig(
  async (): Promise<ViteUserConfig> => ({
    define: { HELPER_CODE: JSON.stringify(await helperCode()) },
    test: {
      include: ['test/*.test.ts'],
      // Most of the time tests wait for processes, so more files run side by side than there are cores.
      maxWorkers: 4,
      // Guards against waiting for ever. A test waits for a fact and not for a time, and on a busy machine it may wait long.
      testTimeout: 2 * GUARD_MS,
      hookTimeout: 2 * GUARD_MS,
      expect: { poll: { timeout: GUARD_MS } },
    },
  }),
)

export default config

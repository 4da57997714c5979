import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Linux only: the tests read /proc and make namespaces. The title of a skipped test says what it needs. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/faults/*.test.ts'],
    testTimeout: 120_000,
    // The tests compare running times, which other files would disturb on a machine with two cores.
    fileParallelism: false,
  },
})

export default config

import { defineConfig, type ViteUserConfig } from 'vitest/config'

/** Linux only: it reads /proc and makes namespaces. What needs root, or a newer Node, says so in its skipped name. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/faults/*.test.ts'],
    testTimeout: 120_000,
    // The lifetimes are compared with each other, and two cores are few.
    fileParallelism: false,
  },
})

export default config

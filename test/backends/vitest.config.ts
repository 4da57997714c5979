import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/backends/*.test.ts'],
    globalSetup: 'test/backends/setup.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: files at once would only wait for each other.
    fileParallelism: false,
  },
})

export default config

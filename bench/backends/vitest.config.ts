import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['bench/backends/*.bench.ts'],
    globalSetup: 'test/backends/setup.ts',
    testTimeout: 600_000,
    fileParallelism: false,
    silent: false,
    reporters: [['default', { summary: false }]],
  },
})

export default config

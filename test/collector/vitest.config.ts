import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/collector/*.test.ts'],
    globalSetup: 'test/collector/setup.ts',
    testTimeout: 120_000,
  },
})

export default config

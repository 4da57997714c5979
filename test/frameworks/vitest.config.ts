import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/frameworks/*.test.ts'],
    globalSetup: 'test/frameworks/setup.ts',
    testTimeout: 120_000,
  },
})

export default config

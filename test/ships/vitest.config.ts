import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/ships/*.test.ts'],
    globalSetup: 'test/ships/setup.ts',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

export default config

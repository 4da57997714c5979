import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/pages/*.test.ts'],
    globalSetup: 'test/pages/setup.ts',
    // A browser on two cores: it may wait long for what it needs.
    // A guard for a machine that is busy with something else.
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
})

export default config

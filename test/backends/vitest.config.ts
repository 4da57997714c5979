import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/backends/*.test.ts'],
    globalSetup: 'test/backends/setup.ts',
    // Several programs share few cores: only what hangs may end a test.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // Two cores: files at once would only wait for each other.
    fileParallelism: false,
  },
})

export default config

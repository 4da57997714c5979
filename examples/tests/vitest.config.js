import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { env: { DO_NOT_TRACK: '1' } } })

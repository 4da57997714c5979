import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('build is counted', () => {
  const { stderr } = spawnSync(process.execPath, ['trix.js', 'build'], {
    env: { ...process.env, DO_NOT_TRACK: '', TRIX_TELEMETRY: 'log' },
    encoding: 'utf8',
  })
  expect(stderr).toContain('"command_name","value":{"stringValue":"build"}')
})

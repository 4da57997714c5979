import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

test('build is counted', () => {
  const { stderr } = spawnSync(process.execPath, ['trix.js', 'build'], {
    env: { ...process.env, DO_NOT_TRACK: '', TRIX_TELEMETRY: 'log' },
    encoding: 'utf8',
  })
  assert.match(stderr, /"command_name","value":\{"stringValue":"build"\}/)
})

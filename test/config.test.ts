import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig, readConfig } from '../src/core/decide/config.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'otlp-tally-config-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('parseConfig', () => {
  test('takes the telemetry table and nothing else', () => {
    const text = `
      [profile]
      enabled = "not ours"
      [telemetry]
      enabled = true
      endpoint = "https://otel.example.com"
      timeout_ms = 500
      air_gapped = false
      headers = { authorization = "Bearer x" }
    `
    expect(parseConfig(text)).toEqual({
      enabled: true,
      endpoint: 'https://otel.example.com',
      timeout_ms: 500,
      air_gapped: false,
      headers: { authorization: 'Bearer x' },
    })
  })

  test('does not mind integers of 64 bits elsewhere', () => {
    expect(parseConfig('id = 9223372036854775807\n[telemetry]\nenabled = false')).toEqual({ enabled: false })
  })

  test('an empty file, and one without the table, are empty configs', () => {
    expect(parseConfig('')).toEqual({})
    expect(parseConfig('[profile]\nname = "a"')).toEqual({})
  })

  test('names line, column and the place where TOML stops', () => {
    const problem = parseConfig('[telemetry]\nenabled = tru\n')
    expect(problem).toMatchObject({ line: 2, column: 11 })
    expect(problem).toHaveProperty('codeblock', expect.stringContaining('^'))
  })

  test.each([
    ['enabled = "no"', 'telemetry.enabled: expected true or false, got "no"'],
    ['enabled = 0', 'telemetry.enabled: expected true or false, got number'],
    ['enabeld = false', 'telemetry.enabeld: there is no such key'],
    ['endpoint = 1', 'telemetry.endpoint: expected a base URL, got number'],
    [
      'timeout_ms = 0',
      'telemetry.timeout_ms: expected a whole number of milliseconds from 1 to 60000, got number',
    ],
    ['timeout_ms = 60001', 'telemetry.timeout_ms: expected'],
    ['timeout_ms = 1.5', 'telemetry.timeout_ms: expected'],
    ['air_gapped = "yes"', 'telemetry.air_gapped: expected true or false, got "yes"'],
    ['headers = "a: b"', 'telemetry.headers: expected header names and values, got "a: b"'],
    ['headers = ["a"]', 'telemetry.headers: expected'],
    ['headers = { a = 1 }', 'telemetry.headers: expected'],
    ['headers = { "a b" = "c" }', 'telemetry.headers: expected'],
    ['headers = { a = "b\\nc" }', 'telemetry.headers: expected'],
  ])('refuses %s', (line, problem) => {
    expect(parseConfig(`[telemetry]\n${line}`)).toHaveProperty('problem', expect.stringContaining(problem))
  })

  test.each(['telemetry = false', '[[telemetry]]', 'telemetry = "off"'])('refuses %s', text => {
    expect(parseConfig(text)).toEqual({ problem: 'telemetry: expected a table' })
  })
})

describe('what was most likely meant for the table', () => {
  test.each(['[Telemetry]\nenabled = true', '[telemtry]', 'telemetri = 1', 'enabled = false'])(
    '%j is told apart, because another table beside it would disagree with it',
    text => {
      expect(parseConfig(text)).toMatchObject({
        meant: true,
        problem: expect.stringContaining('did you mean'),
      })
    },
  )
  test.each(['[telemetry]\nenabeld = false', '[telemetry]\ntimeout_ms = 0', '[telemetry'])(
    '%j is another mistake, beside which the value can be written',
    text => {
      expect(parseConfig(text)).toHaveProperty('problem')
      expect(parseConfig(text)).not.toHaveProperty('meant')
    },
  )
})

describe('readConfig', () => {
  test('no file is an empty config', () => {
    expect(readConfig(join(folder(), 'config.toml'))).toEqual({})
  })

  test('a byte order mark and CRLF are read over', () => {
    const path = join(folder(), 'config.toml')
    writeFileSync(path, '\ufeff[telemetry]\r\nenabled = false\r\n')
    expect(readConfig(path)).toEqual({ enabled: false })
  })

  test('a symlink is followed', () => {
    const path = join(folder(), 'config.toml')
    writeFileSync(`${path}.real`, '[telemetry]\nenabled = false')
    symlinkSync(`${path}.real`, path)
    expect(readConfig(path)).toEqual({ enabled: false })
  })

  test('a folder, a FIFO, a device, a huge and a binary file are problems, and none is waited for', () => {
    const base = folder()
    mkdirSync(join(base, 'folder'))
    execFileSync('mkfifo', [join(base, 'fifo')])
    symlinkSync('/dev/zero', join(base, 'device'))
    writeFileSync(join(base, 'huge'), '#'.repeat((1 << 20) + 1))
    writeFileSync(join(base, 'binary'), Buffer.from([0x23, 0xff, 0xfe, 0x0a]))
    for (const name of ['folder', 'fifo', 'device', 'huge', 'binary']) {
      expect(readConfig(join(base, name)), name).toHaveProperty(
        'problem',
        expect.stringMatching(/^it cannot be read/),
      )
    }
  })
})

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isProblem, parseConfig, readConfig } from '../src/core/decide/config.ts'
import { isTypo } from '../src/core/typo.ts'
import { configSentence } from '../src/explain/config.ts'
import { slipOf, slipped } from './arbitraries.ts'
import { makeFolder } from './world.ts'

/** What `status` says of such a file. Undefined where nothing is wrong with it. */
function said(text: string): string | undefined {
  const config = parseConfig(text)
  return isProblem(config) ? configSentence(config) : undefined
}

describe('the text of a config file', () => {
  test('gives the telemetry table and nothing else', () => {
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

  test('may have integers of 64 bits in other tables', () => {
    expect(parseConfig('id = 9223372036854775807\n[telemetry]\nenabled = false')).toEqual({ enabled: false })
  })

  test('is an empty config where there is no such table', () => {
    expect(parseConfig('')).toEqual({})
    expect(parseConfig('[profile]\nname = "a"')).toEqual({})
  })

  test('that is not TOML is a problem with its line and column', () => {
    const problem = parseConfig('[telemetry]\nenabled = tru\n')
    expect(problem).toMatchObject({ why: 'syntax', line: 2, column: 11 })
    expect(problem).toHaveProperty('codeblock', expect.stringContaining('^'))
    expect(said('[telemetry]\nenabled = tru\n')).toMatch(/^line 2, column 11: /)
  })

  test.each([
    ['enabled = "no"', 'telemetry.enabled: expected true or false, got "no"'],
    ['enabled = 0', 'telemetry.enabled: expected true or false, got 0'],
    ['enabeld = false', 'telemetry."enabeld": there is no such key; did you mean enabled?'],
    ['colour = 1', 'telemetry."colour": there is no such key'],
    ['endpoint = 1', 'telemetry.endpoint: expected a base URL, got 1'],
    [
      'timeout_ms = 0',
      'telemetry.timeout_ms: expected a whole number of milliseconds from 1 to 60000, got 0',
    ],
    [
      'timeout_ms = 60001',
      'telemetry.timeout_ms: expected a whole number of milliseconds from 1 to 60000, got 60001',
    ],
    [
      'timeout_ms = 1.5',
      'telemetry.timeout_ms: expected a whole number of milliseconds from 1 to 60000, got 1.5',
    ],
    ['air_gapped = "yes"', 'telemetry.air_gapped: expected true or false, got "yes"'],
    [
      'headers = "a: b"',
      'telemetry.headers: expected header names and values that `fetch` accepts, got "a: b"',
    ],
    [
      'headers = ["a"]',
      'telemetry.headers: expected header names and values that `fetch` accepts, got object',
    ],
    [
      'headers = { a = 1 }',
      'telemetry.headers: expected header names and values that `fetch` accepts, got "a"',
    ],
    [
      'headers = { "a b" = "c" }',
      'telemetry.headers: expected header names and values that `fetch` accepts, got "a b"',
    ],
    [
      'headers = { a = "b\\nc" }',
      'telemetry.headers: expected header names and values that `fetch` accepts, got "a"',
    ],
    [
      'headers = { a = "b" }',
      'telemetry.headers: they belong to an endpoint, and there is none below [telemetry]',
    ],
  ])('with %s is a problem', (line, problem) => expect(said(`[telemetry]\n${line}`)).toBe(problem))

  test.each(['telemetry = false', '[[telemetry]]', 'telemetry = "off"'])('with %s is a problem', text => {
    expect(said(text)).toMatch(/^telemetry: expected a table, got /)
  })
})

describe('a no in other words, outside of the table,', () => {
  test.each([
    ...['enabled = false', 'enabled = "false"', 'Enabled = false', 'enabeld = false', 'enabled = 0'],
    ...[
      'airgapped = true',
      'air_gapped = true',
      'air-gapped = 1',
      'disable_telemetry = true',
      'no-telemetry = 1',
    ],
    ...['telemetry_enabled = false', 'telemetryDisabled = true', 'telemetry_off = 1', 'do_not_track = true'],
    ...['[Telemetry]\nenabled = true', '[telemtry]', 'telemetri = 1', '[trix.telemetry]\nenabled = false'],
    ...['[features]\ntelemetry = false', '[trix]\nTelemetry.enabled = false'],
  ])('is seen in %j', text => {
    expect(parseConfig(`${text}\n`)).toMatchObject({ why: 'misplaced' })
    expect(said(text)).toMatch(/^"[\w-]+": did you mean a key below \[telemetry\]\?$/)
  })
  test.each([
    ...[
      'enabled = true',
      'enabled = ["a"]',
      '[server]\nenabled = false',
      '[enabled]\nx = 1',
      'air_gapped = false',
    ],
    ...['disabled = true', 'labels = "x"', '[telemetry]\nenabled = true\n[server]\nair_gapped = true'],
  ])('is not seen in %j', text => expect(said(text)).toBeUndefined())
  test('is not seen beside a table that says something itself: the key is of the tool', () => {
    expect(parseConfig('enabled = false\n[telemetry]\nenabled = true')).toEqual({ enabled: true })
    expect(parseConfig('air_gapped = true\n[telemetry]\nair_gapped = false')).toEqual({ air_gapped: false })
  })
})

describe('a config file', () => {
  test('that does not exist is an empty config', () => {
    expect(readConfig(join(makeFolder(), 'config.toml'))).toEqual({})
    expect(readConfig(join(makeFolder(), 'a/b/config.toml'))).toEqual({})
  })

  test('may have a byte order mark and CRLF', () => {
    const path = join(makeFolder(), 'config.toml')
    writeFileSync(path, '\ufeff[telemetry]\r\nenabled = false\r\n')
    expect(readConfig(path)).toEqual({ enabled: false })
  })

  test('may be a symlink', () => {
    const path = join(makeFolder(), 'config.toml')
    writeFileSync(`${path}.real`, '[telemetry]\nenabled = false')
    symlinkSync(`${path}.real`, path)
    expect(readConfig(path)).toEqual({ enabled: false })
  })

  test('that is a link to nothing is a problem, and so is such a link in the place of its folders', () => {
    const base = makeFolder()
    symlinkSync(join(base, 'nowhere'), join(base, 'link'))
    for (const path of ['link', 'link/config.toml', 'link/trix/config.toml'])
      expect(readConfig(join(base, path)), path).toMatchObject({ why: 'unreadable' })
    mkdirSync(join(base, 'nowhere'))
    expect(readConfig(join(base, 'link/trix/config.toml'))).toEqual({})
  })

  test('that everybody can write is a problem', () => {
    const path = join(makeFolder(), 'config.toml')
    writeFileSync(path, '[telemetry]\nenabled = true')
    chmodSync(path, 0o646)
    expect(readConfig(path)).toEqual({ why: 'foreign' })
  })

  test('that is a folder, a FIFO, a device, huge or binary is a problem, and is not waited for', () => {
    const base = makeFolder()
    mkdirSync(join(base, 'folder'))
    execFileSync('mkfifo', [join(base, 'fifo')])
    symlinkSync('/dev/zero', join(base, 'device'))
    writeFileSync(join(base, 'huge'), '#'.repeat((1 << 20) + 1))
    writeFileSync(join(base, 'binary'), Buffer.from([0x23, 0xff, 0xfe, 0x0a]))
    for (const name of ['folder', 'fifo', 'device', 'huge', 'binary'])
      expect(readConfig(join(base, name)), name).toMatchObject({ why: 'unreadable' })
  })
})

describe('a misspelt table', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const slips = fc.oneof(
    fc.array(slipOf(letters, 'more', 'less', 'other'), { maxLength: 2 }),
    slipOf(letters, 'swap').map(one => [one]),
  )
  const inSomeCase = (word: string, upper: boolean[]) =>
    [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join('')
  const near = fc
    .tuple(slips, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }))
    .map(([slips, upper]) => inSomeCase(slips.reduce(slipped, 'telemetry'), upper))
  const shape = fc.constantFrom(
    (word: string) => `[${word}]\nenabled = false\n`,
    (word: string) => `${word}.enabled = false\n`,
    (word: string) => `${word} = { enabled = false }\n`,
    (word: string) => `${word} = false\n`,
    (word: string) => `[telemetry]\nenabled = true\n[${word}]\nenabled = false\n`,
  )

  test('by up to two slips, in any case and any form, makes the file invalid', () => {
    fc.assert(
      fc.property(near, shape, (word, write) => {
        fc.pre(word !== 'telemetry')
        expect(parseConfig(write(word))).toHaveProperty('why', expect.stringMatching(/misplaced|syntax/))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    'template',
    'telephone',
    'telegraph',
    'elementary',
    'telemetries',
    'metrics',
    'symmetry',
    'tele',
    'meter',
  ])('is not seen in [%s]', word => expect(parseConfig(`[${word}]\nenabled = false\n`)).toEqual({}))

  test('by more than two slips is another word', () => {
    /** The least number of such slips, where none is made in what another one has changed. */
    const distance = (a: string, b: string): number => {
      const rows = Array.from({ length: a.length + 1 }, (_, i) => [i])
      for (let j = 1; j <= b.length; j++) rows[0]![j] = j
      for (let i = 1; i <= a.length; i++) {
        for (let j = 1; j <= b.length; j++) {
          const other = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
          const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          const swap = isSwap ? rows[i - 2]![j - 2]! + 1 : other
          rows[i]![j] = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, other, swap)
        }
      }
      return rows[a.length]![b.length]!
    }
    const any = fc.string({ unit: fc.constantFrom(...'telmryxa'), minLength: 1, maxLength: 12 })
    const mistyped = fc
      .array(slipOf(letters, 'more', 'less', 'other', 'swap'), { minLength: 1, maxLength: 4 })
      .map(slips => slips.reduce(slipped, 'telemetry'))
    const seen = { near: 0, far: 0 }
    fc.assert(
      fc.property(fc.oneof(any, mistyped), word => {
        const isClose = distance(word, 'telemetry') <= 2
        seen[isClose ? 'near' : 'far']++
        expect(isTypo(word, 'telemetry')).toBe(isClose)
        if (!isClose)
          expect(parseConfig(`${word} = 1\n[telemetry]\nenabled = true\n`)).toEqual({ enabled: true })
      }),
      { numRuns: 2000 },
    )
    expect(Math.min(seen.near, seen.far)).toBeGreaterThan(200)
  })
})

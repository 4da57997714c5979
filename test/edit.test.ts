import fc from 'fast-check'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { type Edit, setEnabled } from '../src/cli/edit.ts'

const textOf = (edit: Edit): string => {
  if ('refused' in edit) throw new Error(edit.refused)
  return edit.text
}

describe('where enabled is written, its value is changed and nothing else', () => {
  test.each([
    ['in the table', '[telemetry]\nenabled = #\n'],
    ['at the end of a file without newline', 'a = 1\n[telemetry]\nendpoint = "x"\nenabled = #'],
    ['with a comment behind it', '[telemetry] # ours\nenabled = # # since 2024\n# off?\n'],
    ['between odd spaces', '[ telemetry ]\n\tenabled   =\t#  \n'],
    ['in CRLF', '[telemetry]\r\nenabled = #\r\nendpoint = "x"\r\n'],
    ['after a byte order mark', '\ufeff[telemetry]\nenabled = #\n'],
    ['after characters of four bytes', 'a = "😀é"\n[telemetry]\nenabled = #\n'],
    ['dotted at the top', 'telemetry.enabled = #\nother = 1\n'],
    ['dotted with spaces and quotes', '"telemetry" . \'enabled\' = #\n'],
    ['inline', 'telemetry = { enabled = #, timeout_ms = 5 }\n'],
    ['under a quoted header', '["telemetry"]\n"enabled" = #\n'],
    [
      'before and behind other tables',
      '[a]\nenabled = true\n[telemetry]\nenabled = #\n[b]\nenabled = false\n',
    ],
    ['below a sub-table', '[telemetry.headers]\nenabled = "x"\n[telemetry]\nenabled = #\n'],
    [
      'below strings that look like it',
      'a = """\n[telemetry]\nenabled = true\n"""\nb = \'\'\'enabled = false\'\'\'\n[telemetry]\nenabled = #\n',
    ],
    [
      'beside values that only compare with care',
      'a = nan\nb = -0.0\nc = 9223372036854775807\nd = 1979-05-27T07:32:00Z\n[telemetry]\nenabled = #\n',
    ],
  ])('%s', (_, template) => {
    const [on, off] = [
      template.replace('= #', '= true').replace('=\t#', '=\ttrue'),
      template.replace('= #', '= false').replace('=\t#', '=\tfalse'),
    ]
    expect(textOf(setEnabled(on, false))).toBe(off)
    expect(textOf(setEnabled(off, true))).toBe(on)
    expect(textOf(setEnabled(off, false))).toBe(off)
  })
})

describe('where it is not, the fewest lines are added', () => {
  test.each([
    ['an empty file', '', '[telemetry]\nenabled = false\n'],
    ['only a byte order mark', '\ufeff', '\ufeff[telemetry]\nenabled = false\n'],
    ['no table', 'a = 1\n', 'a = 1\n\n[telemetry]\nenabled = false\n'],
    ['no table and no newline', 'a = 1', 'a = 1\n\n[telemetry]\nenabled = false\n'],
    ['no table, in CRLF', '[a]\r\nb = 1\r\n', '[a]\r\nb = 1\r\n\r\n[telemetry]\r\nenabled = false\r\n'],
    ['an empty table', '[telemetry]\n', '[telemetry]\nenabled = false\n'],
    ['an empty table without newline', '[telemetry]', '[telemetry]\nenabled = false\n'],
    ['a table with a comment on it', '[telemetry] # x\n\n[a]\n', '[telemetry] # x\nenabled = false\n\n[a]\n'],
    [
      'an indented table',
      '[telemetry]\n  endpoint = "x"\n',
      '[telemetry]\n  enabled = false\n  endpoint = "x"\n',
    ],
    [
      'a sub-table only',
      '[telemetry.headers]\na = "b"\n',
      '[telemetry.headers]\na = "b"\n\n[telemetry]\nenabled = false\n',
    ],
    [
      'dotted keys',
      'x = 1\ntelemetry.endpoint = "x"\n',
      'x = 1\ntelemetry.enabled = false\ntelemetry.endpoint = "x"\n',
    ],
    [
      'dotted keys after a byte order mark',
      '\ufefftelemetry.endpoint = "x"',
      '\ufefftelemetry.enabled = false\ntelemetry.endpoint = "x"',
    ],
    [
      'dotted keys two deep',
      '  telemetry.headers.a = "x"\n',
      '  telemetry.enabled = false\n  telemetry.headers.a = "x"\n',
    ],
    [
      'an inline table',
      'telemetry = { endpoint = "x" }\n',
      'telemetry = { enabled = false, endpoint = "x" }\n',
    ],
    ['a tight inline table', 'telemetry={endpoint="x"}', 'telemetry={enabled = false, endpoint="x"}'],
    ['an empty inline table', 'telemetry = {}\n', 'telemetry = { enabled = false }\n'],
    ['an inline table with a space', 'telemetry = { }\n', 'telemetry = { enabled = false }\n'],
  ])('%s', (_, before, after) => {
    expect(textOf(setEnabled(before, false))).toBe(after)
    expect(parse(after.replace('\ufeff', '')).telemetry).toMatchObject({ enabled: false })
  })
})

describe('what cannot be edited safely is refused, with the place', () => {
  test.each([
    ['[telemetry]\nenabled = tru\n', 'line 2, column 11: Invalid TOML document'],
    ['a = 1\na = 2\n', 'line 2, column 1: Invalid TOML document'],
    [
      '[telemetry]\nenabled = "no"\n',
      'line 2, column 11: telemetry.enabled is there, and is not true or false',
    ],
    ['telemetry.enabled = 0\n', 'line 1, column 21: telemetry.enabled is there'],
    ['[telemetry.enabled]\nx = 1\n', 'telemetry.enabled is there'],
    ['telemetry = false\n', 'telemetry is not a table'],
    ['[[telemetry]]\nenabled = true\n', 'telemetry is not a table'],
    ['telemetry = 1979-05-27\n', 'telemetry is not a table'],
  ])('%j', (source, message) => {
    const edit = setEnabled(source, false)
    expect(edit).toHaveProperty('refused', expect.stringContaining(message))
    if (message.startsWith('line'))
      expect(edit).toHaveProperty('codeblock', expect.stringMatching(/^\s*\^$/m))
  })
})

/** Documents as people write them: telemetry in one of its forms or absent, among anything else. */
const key = fc.constantFrom('a', 'b-c', '"d e"', "'enabled'", 'enabled', 'x_1')
const value = fc.constantFrom(
  ...[
    '1',
    'true',
    '"[telemetry]"',
    "'''\nenabled = true\n'''",
    '"""\n[telemetry]\nenabled = false\n"""',
    '[1, 2]',
    '{ enabled = 1 }',
  ],
  ...[
    '[\n  "a", # enabled = true\n]',
    'nan',
    '-0.0',
    '0xff',
    '9007199254740993',
    '1979-05-27',
    '07:32:00',
    '"\\u00e9😀"',
  ],
)
const pairs = (prefix = '') =>
  fc
    .uniqueArray(fc.tuple(key, value), { maxLength: 3, selector: ([name]) => name.replaceAll(/["']/g, '') })
    .map(list =>
      list.map(([name, text]) => `${prefix}${name} = ${text}${name === 'a' ? ' # telemetry' : ''}`),
    )
const enabled = fc.constantFrom('', 'enabled = true', 'enabled=false # why', '  "enabled"  = true')
const rest = fc.constantFrom('', 'endpoint = "https://x"', 'headers = { a = "b" }', 'timeout_ms = 5\n# end')
const telemetry = fc.oneof(
  fc.constant(['', '']),
  fc
    .tuple(enabled, rest)
    .map(([on, more]) => ['', `[telemetry] # t\n${[on, more].filter(Boolean).join('\n')}`]),
  fc
    .tuple(enabled, rest)
    .map(([on, more]) => [
      '',
      `[telemetry.headers]\na = "b"\n[telemetry]\n${on}\n${more.startsWith('h') ? '' : more}`,
    ]),
  fc.constant(['', '[telemetry.headers]\nenabled = "b"']),
  fc
    .constantFrom('telemetry.enabled = true', 'telemetry.timeout_ms = 3', '"telemetry".headers.a = "b"')
    .map(line => [line, '']),
  fc
    .constantFrom('{}', '{ }', '{enabled=true}', '{ timeout_ms = 1 }')
    .map(table => [`telemetry = ${table}`, '']),
)
const source = fc
  .tuple(pairs(), telemetry, pairs(), pairs(), fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean())
  .map(([top, [dotted = '', table = ''], before, after, eol, mark, final]) => {
    const lines = [
      ...top,
      dotted,
      '',
      '[first]',
      ...before,
      '',
      table,
      '',
      '[[second]]',
      ...after,
      '[[second]]',
      '[last.sub]',
    ]
    const text = lines.join('\n').replaceAll('\n', eol)
    return (mark ? '\ufeff' : '') + (final ? text + eol : text)
  })

test('in any document the edit is one stretch of text, reads back, and can be undone', () => {
  fc.assert(
    fc.property(source, fc.boolean(), (before, on) => {
      const after = textOf(setEnabled(before, on))
      const read = (text: string) => parse(text.replace('\ufeff', ''), { integersAsBigInt: true })
      const { telemetry: old = {}, ...others } = read(before)
      expect(read(after)).toEqual({ ...others, telemetry: { ...(old as object), enabled: on } })
      expect(textOf(setEnabled(after, on))).toBe(after)
      expect(textOf(setEnabled(textOf(setEnabled(after, !on)), on))).toBe(after)
      if (after === before) return
      let start = 0
      while (before[start] === after[start] && start < before.length) start++
      let end = 0
      while (before.at(-1 - end) === after.at(-1 - end) && end < before.length - start) end++
      const [removed, added] = [
        before.slice(start, before.length - end),
        after.slice(start, after.length - end),
      ]
      if (removed) expect(`${removed} ${added}`).toMatch(/^(tru fals|fals tru)$/)
      // A blank line, the header and the line itself, at most.
      else expect(added.split('\n').length).toBeLessThanOrEqual(5)
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 10_000) },
  )
}, 60_000)

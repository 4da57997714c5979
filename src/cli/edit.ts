import { isDeepStrictEqual } from 'node:util'
import { parse, TomlError, type TomlTable } from 'smol-toml'
import { locateTelemetry, type Telemetry } from './locate.ts'

/** The document with the change, or why it was not changed. */
export type Edit = { text: string } | { refused: string; codeblock?: string }

/**
 * Sets `telemetry.enabled` in a TOML document that people wrote: that one value is replaced, or the fewest lines are
 * added; every other byte stays. What cannot be edited safely is refused. Pure, never throws.
 *
 * The result is parsed again by the parser that reads it in every run, and must be the same document but for the value.
 */
export function setEnabled(source: string, enabled: boolean): Edit {
  try {
    const wanted = document(source)
    const telemetry = (wanted.telemetry ??= document('[telemetry]').telemetry!)
    if (!isTable(telemetry)) return { refused: 'telemetry is not a table in it' }
    const place = locateTelemetry(source)
    const value = place.values.get('enabled')
    if (telemetry.enabled !== undefined && typeof telemetry.enabled !== 'boolean') {
      return refuse(source, value?.start ?? 0, 'telemetry.enabled is there, and is not true or false')
    }
    const text = value ? splice(source, value.start, value.end, `${enabled}`) : insert(source, place, enabled)
    telemetry.enabled = enabled
    const same = isDeepStrictEqual(document(text), wanted)
    return same ? { text } : { refused: 'the value cannot be changed without changing something else' }
  } catch (error) {
    if (error instanceof TomlError) return { refused: firstLine(error), codeblock: error.codeblock }
    return refuse(source, (error as { index?: number }).index ?? 0, firstLine(error as Error))
  }
}

function insert(source: string, { header, inline, dotted }: Telemetry, enabled: boolean): string {
  const eol = /\r?\n/.exec(source)?.[0] ?? '\n'
  const line = `enabled = ${enabled}`
  if (inline) return insertInline(source, inline.start + 1, line)
  if (dotted) {
    const start = lineStart(source, dotted.start)
    return splice(source, start, start, `${source.slice(start, dotted.start)}telemetry.${line}${eol}`)
  }
  if (header) {
    const next = source.indexOf('\n', header.end) + 1
    if (!next) return `${source}${eol}${line}${eol}`
    // As deep as the first key below, where there is one.
    const indent = /^[ \t]*(?=[\w"'])/.exec(source.slice(next))?.[0] ?? ''
    return splice(source, next, next, `${indent}${line}${eol}`)
  }
  const body = source.replace('\ufeff', '')
  const gap = body === '' ? '' : body.endsWith('\n') ? eol : eol + eol
  return `${source}${gap}[telemetry]${eol}${line}${eol}`
}

function insertInline(source: string, brace: number, line: string): string {
  const [space = ''] = /^[ \t]*/.exec(source.slice(brace)) ?? []
  const empty = source[brace + space.length] === '}'
  if (empty) return splice(source, brace, brace, space ? ` ${line}` : ` ${line} `)
  return splice(source, brace + space.length, brace + space.length, `${line}, `)
}

/** With big integers: the document is the user's, and may hold more than a JavaScript number can. */
function document(source: string): TomlTable {
  return parse(source.replace(/^\ufeff/, ''), { integersAsBigInt: 'asNeeded' })
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function refuse(source: string, index: number, message: string): Edit {
  const { line, column, codeblock } = new TomlError(message, { toml: source, ptr: index })
  return { refused: `line ${line}, column ${column}: ${message}`, codeblock }
}

function firstLine({ message, line, column }: Error & { line?: number; column?: number }): string {
  const [first = ''] = message.split('\n')
  return line === undefined ? first : `line ${line}, column ${column}: ${first}`
}

function lineStart(source: string, index: number): number {
  // After a byte order mark, which is no part of the first line.
  return Math.max(source.lastIndexOf('\n', index - 1) + 1, source.startsWith('\ufeff') ? 1 : 0)
}

function splice(source: string, start: number, end: number, text: string): string {
  return source.slice(0, start) + text + source.slice(end)
}

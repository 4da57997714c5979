import { printable, visible } from '../../terminal/printable.ts'

/** A piece of JSON as it is shown, and the field that it belongs to, if that field is explained. */
export interface Piece {
  text: string
  field?: string
}

/** A longer text, for example of a megabyte, would hide everything else. */
const MAX_STRING = 200
const MAX_LINE = 60

/**
 * Formats JSON: what fits on one line stays on one. Members and attributes that are in `fields` become pieces of their
 * own. Control and invisible characters are escaped.
 */
export function pretty(value: unknown, fields: ReadonlySet<string>, maxLength: number): Piece[] {
  const pieces: Piece[] = []
  let length = 0

  function put(text: string, field?: string): void {
    const seen = visible(text)
    if (length > maxLength) return
    length += seen.length
    pieces.push(
      length > maxLength
        ? { text: `${seen.slice(0, maxLength)}\n…` }
        : { text: seen, ...(field && { field }) },
    )
  }

  function write(value: unknown, indent: string): void {
    const line = oneLine(value)
    const field = attributeIn(value, fields)
    const fits = line.length + indent.length <= MAX_LINE && !hasField(value, fields)
    if (fits || field !== undefined || typeof value !== 'object' || value === null) put(line, field)
    else container(value, indent)
  }

  function container(value: object, indent: string): void {
    const isList = Array.isArray(value)
    const members = Object.entries(value)
    // An only child stays on its parent's line, or OTLP's envelopes would fill half of the page.
    const [[, only] = []] = members
    const hugs = members.length === 1 && typeof only === 'object' && only !== null && !hasOwnLine(only)
    const inner = hugs ? indent : `${indent}  `
    put(isList ? '[' : '{')
    for (const [index, [key, item]] of members.entries()) {
      if (!hugs) put(`${index ? ',' : ''}\n${inner}`)
      else if (!isList) put(' ')
      if (isList) write(item, inner)
      else member(key, item, inner)
    }
    put(`${hugs ? (isList ? '' : ' ') : `\n${indent}`}${isList ? ']' : '}'}`)
  }

  /** True for an attribute that is explained: each gets a line. */
  function hasOwnLine(value: object): boolean {
    return attributeIn(value, fields) !== undefined
  }

  function member(key: string, item: unknown, indent: string): void {
    const isPlain = typeof item !== 'object' || item === null
    const field = fieldOf(key, item, fields)
    if (field !== undefined && (isPlain || key === 'scope')) put(`${quoted(key)}: ${oneLine(item)}`, field)
    else {
      put(`${quoted(key)}: `)
      write(item, indent)
    }
  }

  write(value, '')
  return pieces
}

/** A metric is explained by its name, every other member by its key. */
function fieldOf(key: string, item: unknown, fields: ReadonlySet<string>): string | undefined {
  if (key === 'name' && typeof item === 'string' && fields.has(printable(item))) return printable(item)
  return fields.has(key) ? key : undefined
}

/** The key of `{ key, value }`, if that attribute is explained. */
function attributeIn(value: unknown, fields: ReadonlySet<string>): string | undefined {
  const { key } = (value ?? {}) as { key?: unknown }
  return typeof key === 'string' && fields.has(printable(key)) ? printable(key) : undefined
}

function hasField(value: unknown, fields: ReadonlySet<string>): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (attributeIn(value, fields) !== undefined) return true
  return Object.entries(value).some(
    ([key, item]) => fieldOf(key, item, fields) !== undefined || hasField(item, fields),
  )
}

function oneLine(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  const members = Object.entries(value).map(([key, item]) => `${quoted(key)}: ${oneLine(item)}`)
  return members.length ? `{ ${members.join(', ')} }` : '{}'
}

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}…` : text)
}

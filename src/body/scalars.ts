import { printable } from '../terminal/printable.ts'
import type { Scalar } from './messages.ts'

interface Rule {
  /** Completes the sentence "expected …". */
  expected: string
  accepts(value: unknown): boolean
}

/**
 * What each scalar type looks like in OTLP/JSON.
 *
 * Source: the proto3 JSON mapping, and where OTLP differs, opentelemetry-proto docs/specification.md, "JSON
 * Protobuf Encoding": enums as numbers only, ids in hex. Exponents in 64-bit integers are refused: the mapping
 * allows them, but OTLP requires decimal strings, and the Collector reads nothing else.
 */
export const scalars: Readonly<Record<Scalar, Rule>> = {
  string: { expected: 'a string', accepts: value => typeof value === 'string' },
  bool: { expected: 'true or false', accepts: value => typeof value === 'boolean' },
  double: { expected: 'a number', accepts: isDouble },
  int64: integer('a 64-bit integer as a decimal string', -(2n ** 63n), 2n ** 63n),
  sfixed64: integer('a 64-bit integer as a decimal string', -(2n ** 63n), 2n ** 63n),
  uint64: integer('an unsigned 64-bit integer as a decimal string', 0n, 2n ** 64n),
  fixed64: integer('an unsigned 64-bit integer as a decimal string', 0n, 2n ** 64n),
  int32: integer('a 32-bit integer', -(2n ** 31n), 2n ** 31n),
  sint32: integer('a 32-bit integer', -(2n ** 31n), 2n ** 31n),
  uint32: integer('an unsigned 32-bit integer', 0n, 2n ** 32n),
  bytes: {
    expected: 'bytes in base64',
    accepts: value => typeof value === 'string' && !/[^A-Za-z0-9+/_=-]/.test(value),
  },
  id: {
    expected: 'an id of 16 or 32 hex digits',
    accepts: value => typeof value === 'string' && /^([0-9a-f]{16}){0,2}$/i.test(value),
  },
  AggregationTemporality: {
    expected: 'the number 1 (delta) or 2 (cumulative)',
    accepts: value => value === 1 || value === 2,
  },
}

/** Completes the sentence "got …", safe to print. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value !== 'string') return String(value)
  return `the ${/^[A-Z]+(_[A-Z]+)+$/.test(value) ? 'name' : 'string'} "${printable(value)}"`
}

/** From `min` up to, but not including, `end`. */
function integer(expected: string, min: bigint, end: bigint): Rule {
  // No integer with so few digits is out of range. Nearly all are this short: nanoseconds have 19 digits.
  const digits = String(end).length - 1
  return {
    expected,
    accepts(value) {
      if (typeof value === 'string' && isNumber(value, digits)) return true
      // Every 64-bit integer has at most 20 digits. BigInt of a text of megabytes takes minutes.
      if (typeof value === 'string' ? !/^-?\d{1,20}$/.test(value) : !Number.isInteger(value)) return false
      const number = BigInt(value as string | number)
      return min <= number && number < end
    },
  }
}

/** At most so many digits. A loop, because a file has millions of them and a regular expression is slower. */
function isNumber(text: string, digits: number): boolean {
  if (text.length === 0 || text.length > digits) return false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** JSON has no NaN and no infinities. The mapping writes them as strings, and accepts other numbers as strings too. */
function isDouble(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'string' || value.length > 400) return false
  return /^(NaN|-?Infinity|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(value)
}

import { type MessageName, messages, oneofs, type Scalar } from './messages.ts'
import { rules, type Severity } from './rules.ts'
import { describe, scalars } from './scalars.ts'

/** One thing that is wrong with a body. */
export interface Problem {
  /** Where, e.g. `resourceMetrics[0].scopeMetrics[0].metrics[0].sum`; empty for the body itself. */
  path: string
  /** What was expected and what was found, safe to print. */
  message: string
  severity: Severity
}

/** Enough to fix a sender. One mistake may be repeated in a million points. */
const MAX_PER_SEVERITY = 10

/** The recursion limit of the protobuf libraries. Only attribute values can nest that deep. */
const MAX_DEPTH = 100

/**
 * What is wrong with a parsed body as an ExportMetricsServiceRequest in OTLP/JSON: at most 10 errors and 10 warnings,
 * in the order of the body. Fields with unknown names are ignored, and a field that is `null` is absent.
 *
 * Source: opentelemetry-proto docs/specification.md, "JSON Protobuf Encoding", and the proto3 JSON mapping.
 */
export function validate(body: unknown): Problem[] {
  const problems: Problem[] = []
  const counts = { error: 0, warning: 0 }
  // Keys and indexes of the current field. They become a text only if there is a problem.
  const place: (string | number)[] = []

  function report(severity: Severity, field: string, message: string): void {
    if (++counts[severity] <= MAX_PER_SEVERITY)
      problems.push({ path: pathOf(place, field), message, severity })
  }

  function checkMessage(name: MessageName, value: unknown, depth: number): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      report('error', '', `expected an object, got ${describe(value)}`)
    } else if (depth > MAX_DEPTH) {
      report('error', '', `nested deeper than ${MAX_DEPTH} messages`)
    } else {
      checkFields(name, value as Record<string, unknown>, depth)
    }
  }

  function checkFields(name: MessageName, message: Record<string, unknown>, depth: number): void {
    for (const key of Object.keys(message)) {
      const content = message[key]
      if (content === null) continue
      place.push(key)
      checkField(name, key, content, depth)
      place.pop()
    }
    const choices = oneofs[name]
    if (choices) {
      const present = choices.filter(key => (message[key] ?? null) !== null)
      if (present.length > 1) report('error', '', `expected only one of ${present.join(', ')}`)
    }
    rules[name]?.(message, report)
  }

  function checkField(name: MessageName, key: string, content: unknown, depth: number): void {
    const fields = types[name]
    const field = Object.hasOwn(fields, key) ? fields[key]! : undefined
    if (!field) {
      const expected = lowerCamelCase(key)
      if (expected !== key && Object.hasOwn(fields, expected)) {
        report('error', '', `expected the key "${expected}": OTLP/JSON does not use protobuf field names`)
      } else if (isDeep(content)) {
        report('error', '', `nested deeper than ${MAX_DEPTH} messages`)
      }
    } else if (!field.repeated) {
      checkValue(field, content, depth)
    } else if (Array.isArray(content)) {
      for (let index = 0; index < content.length; index++) {
        place.push(index)
        checkValue(field, content[index], depth)
        place.pop()
      }
    } else {
      report('error', '', `expected an array, got ${describe(content)}`)
    }
  }

  function checkValue({ message, scalar }: FieldType, value: unknown, depth: number): void {
    if (message) {
      checkMessage(message, value, depth + 1)
      return
    }
    const { expected, accepts } = scalars[scalar!]
    if (!accepts(value)) {
      report('error', '', `expected ${expected}, got ${describe(value)}`)
    } else if (typeof value === 'number' && scalar!.endsWith('64') && !Number.isSafeInteger(value)) {
      report('warning', '', `the number ${value} is over 2^53 and loses digits; write it as a decimal string`)
    }
  }

  checkMessage('ExportMetricsServiceRequest', body, 0)
  return problems
}

interface FieldType {
  repeated: boolean
  message?: MessageName
  scalar?: Scalar
}

/** The fields of every message, parsed once. */
const types = Object.fromEntries(
  Object.entries(messages).map(([name, fields]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, typeOf(field)])),
  ]),
) as Record<MessageName, Record<string, FieldType>>

function typeOf(field: string): FieldType {
  const type = field.replace('repeated ', '')
  const repeated = type !== field
  return Object.hasOwn(scalars, type)
    ? { repeated, scalar: type as Scalar }
    : { repeated, message: type as MessageName }
}

/** `resourceMetrics[0].resource`, and `field` after it. */
function pathOf(place: readonly (string | number)[], field: string): string {
  let path = ''
  for (const key of [...place, ...(field ? [field] : [])])
    path += typeof key === 'number' ? `[${key}]` : `${path && '.'}${key}`
  return path
}

/** Unknown fields are checked too: code that prints or compares the body recurses into them. */
function isDeep(content: unknown): boolean {
  let level = [content]
  for (let depth = 0; level.length; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return false
}

function lowerCamelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

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

/** Enough to mend a sender by, and no flood from a body with a million times the same mistake. */
const MAX_OF_A_SEVERITY = 10

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

  function report(severity: Severity, path: string, message: string): void {
    if (++counts[severity] <= MAX_OF_A_SEVERITY) problems.push({ path, message, severity })
  }

  function checkMessage(name: MessageName, value: unknown, path: string, depth: number): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      report('error', path, `expected an object, got ${describe(value)}`)
    } else if (depth > MAX_DEPTH) {
      report('error', path, `nested deeper than ${MAX_DEPTH} messages`)
    } else {
      checkFields(name, value as Record<string, unknown>, path, depth)
    }
  }

  function checkFields(
    name: MessageName,
    message: Record<string, unknown>,
    path: string,
    depth: number,
  ): void {
    for (const [key, content] of Object.entries(message)) {
      if (content !== null) checkField(name, key, content, join(path, key), depth)
    }
    const present = (oneofs[name] ?? []).filter(key => (message[key] ?? null) !== null)
    if (present.length > 1) report('error', path, `expected only one of ${present.join(', ')}`)
    rules[name]?.(message, (severity, key, text) => report(severity, join(path, key), text))
  }

  function checkField(name: MessageName, key: string, content: unknown, path: string, depth: number): void {
    const fields = messages[name]
    const field = Object.hasOwn(fields, key) ? fields[key]! : undefined
    if (!field) {
      const expected = lowerCamelCase(key)
      if (expected !== key && Object.hasOwn(fields, expected)) {
        report('error', path, `expected the key "${expected}": OTLP/JSON does not take protobuf field names`)
      } else if (isDeep(content)) {
        report('error', path, `nested deeper than ${MAX_DEPTH} messages`)
      }
    } else if (!field.startsWith('repeated ')) {
      checkValue(field as Scalar | MessageName, content, path, depth)
    } else if (Array.isArray(content)) {
      const type = field.slice('repeated '.length) as Scalar | MessageName
      content.forEach((item, index) => {
        checkValue(type, item, `${path}[${index}]`, depth)
      })
    } else {
      report('error', path, `expected an array, got ${describe(content)}`)
    }
  }

  function checkValue(type: Scalar | MessageName, value: unknown, path: string, depth: number): void {
    if (!isScalar(type)) {
      checkMessage(type, value, path, depth + 1)
      return
    }
    const { expected, accepts } = scalars[type]
    if (!accepts(value)) {
      report('error', path, `expected ${expected}, got ${describe(value)}`)
    } else if (type.endsWith('64') && typeof value === 'number' && !Number.isSafeInteger(value)) {
      report(
        'warning',
        path,
        `the number ${value} is over 2^53 and loses digits; write it as a decimal string`,
      )
    }
  }

  checkMessage('ExportMetricsServiceRequest', body, '', 0)
  return problems
}

/** What is ignored here is still walked by whoever prints or compares it, and a stack has an end. */
function isDeep(content: unknown): boolean {
  let level = [content]
  for (let depth = 0; level.length; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap(value => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
  return false
}

function isScalar(type: Scalar | MessageName): type is Scalar {
  return Object.hasOwn(scalars, type)
}

function join(path: string, key: string): string {
  return path && key ? `${path}.${key}` : path || key
}

function lowerCamelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

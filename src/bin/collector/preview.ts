/** A value that an attribute can have. */
export type Value = string | boolean | number

/** The part of `TOOL telemetry preview --all --json` that a Collector's configuration needs. */
export interface Preview {
  name: string
  version: string
  /** All values of each attribute, or the name of their form. */
  resource: Record<string, readonly Value[] | string>
  metrics: Record<string, { unit: string; attributes: Record<string, readonly Value[]> }>
}

/** Throws an `Error` with a sentence if the text has another form. */
export function parsePreview(text: string): Preview {
  let preview: unknown
  try {
    preview = JSON.parse(text)
  } catch {
    throw new Error('this is not JSON')
  }
  const { name, version, resource, metrics } = record(preview, 'the preview')
  if (typeof name !== 'string' || typeof version !== 'string') throw new Error('name or version is missing')
  for (const [key, values] of Object.entries(record(resource, 'resource')))
    if (typeof values !== 'string') checkValues(values, `resource: ${key}`)
  const found = Object.entries(record(metrics, 'metrics'))
  if (!found.length) throw new Error('metrics is empty')
  for (const [metric, given] of found) {
    const { unit, attributes } = record(given, metric)
    if (typeof unit !== 'string') throw new Error(`${metric}: unit is missing`)
    for (const [key, values] of Object.entries(record(attributes, metric)))
      checkValues(values, `${metric}: ${key}`)
  }
  return preview as Preview
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || !value || Array.isArray(value)) throw new Error(`${what} is not an object`)
  return value as Record<string, unknown>
}

function checkValues(values: unknown, what: string): void {
  const fits = (value: unknown) => ['string', 'boolean', 'number'].includes(typeof value)
  if (!Array.isArray(values) || !values.length || !values.every(fits))
    throw new Error(`${what}: expected a list of values`)
}

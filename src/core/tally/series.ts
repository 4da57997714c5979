import type { Series } from '../vocabulary.ts'

/** A name this long fits every file system (most allow 255 bytes); what is longer goes on in a folder of it. */
const MAX_NAME = 200

/**
 * The file of a series, below its stream: `command_invocation/command_name=build`. Attributes are sorted, so that
 * equal sets are one series. `true` is the boolean, `%74rue` the string.
 */
export function seriesPath({ metric, attributes }: Series): string {
  const pairs = Object.keys(attributes)
    .sort()
    .map(key => `${fileName(key)}=${attributeText(attributes[key]!)}`)
  // An attribute key begins with a letter, so "-" can stand for having none.
  return `${fileName(metric)}/${inParts(pairs.join(',') || '-')}`
}

/** A long name is split: its beginning becomes a folder whose name ends in "+". */
function inParts(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}+/${inParts(name.slice(MAX_NAME))}`
}

/** The series whose tally has this path below its stream; undefined for any other file, such as the marks beside it. */
export function parseSeries(path: string): Series | undefined {
  const slash = path.indexOf('/')
  const name = path.slice(slash + 1).replaceAll('+/', '')
  // Names have letters, digits and _ . : - and blanks, of which some are written as %41 to %5a, %61 to %7a, %3a, %2e, %20.
  if (/%(?!20|2e|3a|[46][1-9a-f]|[57][0-9a])/.test(path.slice(0, slash) + name)) return undefined
  try {
    const metric = decodeURIComponent(path.slice(0, slash))
    const pairs = name === '-' ? [] : name.split(',').map(pair => pair.split('=') as [string, string])
    const attributes = Object.fromEntries(
      pairs.map(([key, text]) => [
        decodeURIComponent(key),
        text === 'true' || text === 'false' ? text === 'true' : decodeURIComponent(text),
      ]),
    )
    // What we would not have written in this way is not ours.
    return seriesPath({ metric, attributes }) === path ? { metric, attributes } : undefined
  } catch {
    return undefined // a "%" that nobody here wrote
  }
}

function attributeText(value: string | boolean): string {
  if (typeof value === 'boolean') return String(value)
  return value === 'true' || value === 'false' ? percent(value[0]!) + value.slice(1) : fileName(value)
}

/**
 * Percent-encoded so that no two names meet on a disk that ignores case, and that Windows takes every one: no upper
 * case, no `:`, no dot at the end, no device name (`con`, `com1`) at the beginning.
 */
export function fileName(text: string): string {
  const escaped = text.replace(/[^a-z0-9_.-]|\.$/g, percent)
  return DEVICE.test(escaped) ? percent(escaped[0]!) + escaped.slice(1) : escaped
}

const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

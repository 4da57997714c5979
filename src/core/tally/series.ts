import { attributesProblem, nameProblem, type Series } from '../vocabulary.ts'

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
  const name = pairs.join(',') || '-'
  return `${fileName(metric)}/${inParts(name)}`
}

/** A long name is split: its beginning becomes a folder whose name ends in "+". */
function inParts(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}+/${inParts(name.slice(MAX_NAME))}`
}

/** The series that a path below a stream stands for; undefined for a file that is not one of ours. */
export function parseSeries(path: string): Series | undefined {
  // Nearly every one has one attribute, and nothing in it that is written in another way than it is.
  const [, only, key, text] = PLAIN.exec(path) ?? []
  if (only && path.length < 64 && !NOT_PLAIN.test(path))
    return { metric: only, attributes: { [key!]: text! } }
  const slash = path.indexOf('/')
  const name = path.slice(slash + 1).replaceAll('+/', '')
  try {
    const metric = decodeURIComponent(path.slice(0, slash))
    const pairs = name === '-' ? [] : name.split(',').map(pair => pair.split('=') as [string, string])
    const attributes = Object.fromEntries(
      pairs.map(([key, value]) => [
        decodeURIComponent(key),
        value === 'true' || value === 'false' ? value === 'true' : decodeURIComponent(value),
      ]),
    )
    const series = { metric, attributes }
    const ours = !nameProblem(metric) && !attributesProblem(attributes) && seriesPath(series) === path
    return ours ? series : undefined
  } catch {
    return undefined // a "%" that nobody here wrote
  }
}

const PLAIN = /^([a-z][a-z0-9_.]*)\/([a-z][a-z0-9_.]*)=([a-z0-9_.-]+)$/
/** What is percent-encoded all the same: a dot at an end, the text of a boolean, a device. See `fileName`. */
const NOT_PLAIN =
  /\.(\/|=|$)|=(true|false)$|[/=](con|prn|aux|nul|com\d|lpt\d)(\.|=|$)|^(con|prn|aux|nul|com\d|lpt\d)[./]/

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

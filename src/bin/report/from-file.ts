import { bodyOf, linesOf } from '../../body/lines.ts'
import { type Attribute, isDelta, metricsOf, named, type Point } from '../../body/metrics-of.ts'
import { createSeriesIndex, hashOf, increaseBy, keyOf, type Series } from '../../body/series-index.ts'
import { dayOf } from '../../report/days.ts'
import type { Use } from '../../report/use.ts'
import { type SeriesMeaning, seriesOf } from '../series-of.ts'
import { type Counted, countedIn, environmentOf, isShownId } from './tools.ts'

/** What a file has counted. */
export interface FileContent extends Counted {
  lines: number
  /** The lines that could be read. */
  read: number
}

/** The uses of a hundred thousand installations, and some 200 MB of memory. */
const MAX = 2_000_000

interface Request {
  /** The metric to count in place of commands. */
  metric?: string | undefined
  /** Is called for each line that cannot be read. */
  unreadable(line: number, why: string): void
  /** Is called from time to time with the number of bytes read. */
  progress?(bytes: number): void
}

/** What all uses of a resource have in common. */
type Common = Pick<Use, 'version' | 'installation' | 'os' | 'arch' | 'runtime'> & { uses: Use[] }

/**
 * Reads the uses in a file of OTLP/JSON with one ExportMetricsServiceRequest per line, as `otlp-tally listen --file` and the
 * Collector's file exporter write it; `-` is stdin. The increase by a point happened at the time of the point. All
 * increases of a series on one day are one use. Rejects if the file cannot be read.
 */
export async function usesFromFile(
  path: string,
  { metric, unreadable, progress }: Request,
): Promise<FileContent> {
  const index = createSeriesIndex<Common, SeriesMeaning | 'not shown', Use>(MAX)
  const [tools, keys, words] = [new Map<string, Use[]>(), new Set<string>(), new Map<string, string>()]
  let [lines, read, kept, dropped] = [0, 0, 0, 0]
  const now = Date.now()

  /** The same string object each time, so that memory holds it once. */
  function once(text: string): string {
    const known = words.get(text)
    if (known !== undefined) return known
    words.set(text, text)
    return text
  }

  function commonOf(resource: readonly Attribute[]): Common {
    const tool = once(named('service.name', resource) || 'unknown')
    let uses = tools.get(tool)
    if (!uses) tools.set(tool, (uses = []))
    const environment = environmentOf(key => named(key, resource))
    for (const key of Object.keys(environment) as (keyof typeof environment)[])
      environment[key] = once(environment[key]!)
    const installation = installationOf(resource)
    return {
      ...{ version: once(named('service.version', resource) || 'unknown'), uses },
      ...(installation !== undefined && { installation: once(installation) }),
      ...environment,
    }
  }

  function foundIn(name: string, point: Point): SeriesMeaning | 'not shown' {
    const found = seriesOf(name, point.attributes, metric)
    if (!found) return 'not shown'
    if (found.kind === 'run') for (const { key } of point.attributes ?? []) keys.add(key)
    return { ...found, name: once(found.name), ...(found.agent && { agent: once(found.agent) }) }
  }

  /** Adds to the last use of the series if that is of the same day. */
  function add(common: Common, found: SeriesMeaning, series: Series<Use>, time: number, count: number): void {
    const last = series.data
    // A use in the future is not shown, so it stays apart.
    if (last && dayOf(last.time) === dayOf(time) && last.time <= now === time <= now) {
      last.count += count
      last.time = Math.max(last.time, time)
    } else if (kept >= MAX) {
      dropped++
    } else {
      kept++
      const { uses, ...whose } = common
      series.data = { time, count, ...found, ...whose }
      uses.push(series.data)
    }
  }

  for await (const [number, line, bytes] of linesOf(path)) {
    lines++
    if (lines % 256 === 0) progress?.(bytes)
    const body = bodyOf(line)
    if (typeof body === 'string') {
      unreadable(number, body)
      continue
    }
    read++
    for (const { resource: attributes, metric: found } of metricsOf(body)) {
      const { sum, name } = found
      if (!sum?.isMonotonic) continue
      const delta = isDelta(sum)
      const resource = index.resource(attributes)
      for (const point of sum.dataPoints ?? []) {
        const seriesName = index.name(name, point.attributes ?? [])
        seriesName.data ??= foundIn(name, point)
        const series = index.series(resource, seriesName, point, delta)
        const added = series ? increaseBy(point, series, delta) : 0
        if (!series || !(added > 0) || seriesName.data === 'not shown') continue
        resource.data ??= commonOf(attributes)
        // A double is off by up to 128 ns here, and tools send whole milliseconds.
        add(resource.data, seriesName.data, series, Math.round(Number(point.timeUnixNano) / 1e6), added)
      }
    }
  }
  const full =
    index.full || dropped ? `the file has more than ${MAX} series and uses: the rest is left out` : undefined
  return { ...countedIn({ uses: tools, metric, keys, full }), read, lines }
}

/** The id as it was sent, or a hash of an id in another form; undefined if there is none. */
function installationOf(resource: readonly Attribute[]): string | undefined {
  const attribute = (wanted: string) => resource.find(({ key }) => key === wanted)?.value
  const value = attribute('user.fingerprint') ?? attribute('service.instance.id')
  if (!value) return undefined
  const id = value.stringValue
  return isShownId(id) ? id : hashOf(keyOf([{ key: '', value }])).slice(0, 16)
}

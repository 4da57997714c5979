import { addedBy, createGrowth, hashOf, keyOf, type Series } from '../../body/growth.ts'
import { bodyOf, linesOf } from '../../body/lines.ts'
import { type Attribute, isDelta, metricsOf, named, type Point } from '../../body/metrics-of.ts'
import { dayOf } from '../../report/days.ts'
import type { Use } from '../../report/use.ts'
import { type Found, seriesOf } from '../series-of.ts'

/** What a file of bodies says, each name in it safe to print. */
export interface FromFile {
  /** By their service.name, most installations first. */
  tools: Tool[]
  /** The attributes of the metric that was asked for, if it does not count commands. */
  keys?: string[]
  /** How many lines could be read, and how many there were. */
  read: number
  lines: number
  /** There was more than is kept: what is missing, in a sentence. */
  full?: string
}

export interface Tool {
  name: string
  uses: Use[]
}

/** Uses of a fleet of a hundred thousand, and some 200 MB. */
const MAX = 2_000_000

interface Reading {
  /** What is counted as a command; undefined for the usual one. */
  metric?: string | undefined
  /** Is called with each line that cannot be read, and why. */
  unreadable(line: number, why: string): void
  /** Is called now and then with how many bytes have been read. */
  progress?(bytes: number): void
}

/** Of a resource: what each of its uses has in common. */
type Common = Pick<Use, 'version' | 'installation' | 'os' | 'arch' | 'runtime'> & { uses: Use[] }
/**
 * Reads OTLP/JSON, one ExportMetricsServiceRequest per line, as `otlp-tally listen --file` and the Collector's file
 * exporter write it; `-` is stdin. What a point adds to its series happened at the point's time. What a series has
 * counted on one day is one use. Rejects if the file cannot be read.
 */
export async function usesFrom(path: string, { metric, unreadable, progress }: Reading): Promise<FromFile> {
  const growth = createGrowth<Common, Found | 'not shown', Use>(MAX)
  const [tools, keys, words] = [new Map<string, Use[]>(), new Set<string>(), new Map<string, string>()]
  let [lines, read, kept, dropped] = [0, 0, 0, 0]
  const now = Date.now()

  /** The same string each time: memory holds it once. */
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
    const environment = environmentOf(resource)
    for (const key of Object.keys(environment) as (keyof typeof environment)[])
      environment[key] = once(environment[key]!)
    const installation = installationOf(resource)
    return {
      ...{ version: once(named('service.version', resource) || 'unknown'), uses },
      ...(installation !== undefined && { installation: once(installation) }),
      ...environment,
    }
  }

  function foundIn(name: string, point: Point): Found | 'not shown' {
    const found = seriesOf(name, point.attributes, metric)
    if (!found) return 'not shown'
    if (found.kind === 'run') for (const { key } of point.attributes ?? []) keys.add(key)
    return { ...found, name: once(found.name), ...(found.agent && { agent: once(found.agent) }) }
  }

  /** More of the series' last use where that is of the same day. */
  function add(common: Common, found: Found, series: Series<Use>, time: number, count: number): void {
    const last = series.own
    // What is yet to come is not shown, so it stays apart.
    if (last && dayOf(last.time) === dayOf(time) && last.time <= now === time <= now) {
      last.count += count
      last.time = Math.max(last.time, time)
    } else if (kept >= MAX) {
      dropped++
    } else {
      kept++
      const { uses, ...whose } = common
      series.own = { time, count, ...found, ...whose }
      uses.push(series.own)
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
      const resource = growth.resource(attributes)
      for (const point of sum.dataPoints ?? []) {
        const measured = growth.measured(name, point.attributes ?? [])
        measured.own ??= foundIn(name, point)
        const series = growth.series(resource, measured, point, delta)
        const added = series ? addedBy(point, series, delta) : 0
        if (!series || !(added > 0) || measured.own === 'not shown') continue
        resource.own ??= commonOf(attributes)
        // Rounded: a double is off by up to 128 ns there, and tools send whole milliseconds.
        add(resource.own, measured.own, series, Math.round(Number(point.timeUnixNano) / 1e6), added)
      }
    }
  }
  // If the metric asked for does not count commands, only that metric is shown.
  const other = metric !== undefined && !keys.has('command_name')
  const full =
    growth.full || dropped ? `the file has more than ${MAX} series and uses: the rest is left out` : ''
  return {
    tools: byReach(
      [...tools].map(([name, uses]) => ({
        name,
        uses: other ? uses.filter(({ kind }) => kind === 'run') : uses,
      })),
    ),
    ...{ read, lines },
    ...(other && { keys: [...keys] }),
    ...(full && { full }),
  }
}

/** Most installations first: a single sender of another name changes nothing. */
export function byReach(tools: readonly Tool[]): Tool[] {
  return tools
    .map(tool => ({ tool, reach: new Set(tool.uses.map(({ installation }) => installation)).size }))
    .sort(
      (a, b) =>
        b.reach - a.reach || b.tool.uses.length - a.tool.uses.length || (a.tool.name < b.tool.name ? -1 : 1),
    )
    .map(({ tool }) => tool)
    .filter(({ uses }) => uses.length)
}

/** The id as it came, or a short name for one of another kind; undefined where the sender says nothing of it. */
function installationOf(resource: readonly Attribute[]): string | undefined {
  const value = (wanted: string) => resource.find(({ key }) => key === wanted)?.value
  const who = value('user.fingerprint') ?? value('service.instance.id')
  if (!who) return undefined
  const id = who.stringValue
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id)
    ? id
    : hashOf(keyOf([{ key: '', value: who }])).slice(0, 16)
}

const MAX_NAME = 40

function environmentOf(resource: readonly Attribute[]): Pick<Use, 'os' | 'arch' | 'runtime'> {
  const [os, arch, runtime] = ['os.type', 'host.arch', 'process.runtime.name'].map(key =>
    named(key, resource).slice(0, MAX_NAME),
  )
  const major = named('process.runtime.version', resource).split('.')[0]!.slice(0, MAX_NAME)
  return {
    ...(os && { os }),
    ...(arch && { arch }),
    ...(runtime && { runtime: `${runtime} ${major}`.trim() }),
  }
}

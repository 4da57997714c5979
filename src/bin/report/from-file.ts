import { createGrowth, identity } from '../../body/growth.ts'
import { bodyOf, linesOf } from '../../body/lines.ts'
import { type Attribute, isDelta, metricsOf, named, type Point } from '../../body/metrics-of.ts'
import type { Use } from '../../report/use.ts'
import { seriesOf } from './series-of.ts'

/** What a file of bodies says, each name in it safe to print. */
export interface FromFile {
  uses: Use[]
  /** Every service.name, as they came. Where there are several, each use is named by its own too. */
  tools: string[]
  /** The attributes of the metric that was asked for, if it does not count commands. */
  keys?: string[]
  /** How many lines could be read, and how many there were. */
  read: number
  lines: number
  /** There was more than is kept: what is missing, in a sentence. */
  full?: string
}

/** Uses of a fleet of a hundred thousand, and some 200 MB. */
const MAX = 2_000_000

interface Reading {
  /** What is counted as a command; undefined for the usual one. */
  metric?: string | undefined
  /** Is told which line cannot be read, and why. */
  unreadable(line: number, why: string): void
}

/**
 * Reads OTLP/JSON, one ExportMetricsServiceRequest per line, as `otlp-tally listen --file` and the Collector's file
 * exporter write it. What a point adds to its series happened at the point's time. Rejects if the file cannot be read.
 */
export async function usesFrom(path: string, { metric, unreadable }: Reading): Promise<FromFile> {
  const growth = createGrowth(MAX)
  const uses: (Use & { tool: string })[] = []
  const [tools, keys, words] = [new Set<string>(), new Set<string>(), new Map<string, string>()]
  let [lines, read, dropped] = [0, 0, 0]

  /** The same string each time, so that it is in memory once. */
  function once(text: string): string {
    if (!words.has(text)) words.set(text, text)
    return words.get(text)!
  }

  function add(resource: readonly Attribute[], name: string, point: Point, delta: boolean): void {
    const series = seriesOf(name, point.attributes, metric)
    const added = series ? growth.of(point, { resource, metric: name, delta }) : 0
    if (!series || !(added > 0)) return
    if (uses.length >= MAX) {
      dropped++
      return
    }
    const tool = once(named('service.name', resource) || 'unknown')
    tools.add(tool)
    if (series.kind === 'run') for (const { key } of point.attributes ?? []) keys.add(key)
    const installation = installationOf(resource)
    uses.push({
      // Rounded: a double is off by up to 128 ns there, and tools send whole milliseconds.
      time: Math.round(Number(point.timeUnixNano) / 1e6),
      count: added,
      kind: series.kind,
      name: once(series.name),
      ...(series.agent && { agent: once(series.agent) }),
      version: once(named('service.version', resource) || 'unknown'),
      tool,
      ...(installation && { installation: once(installation) }),
    })
  }

  for await (const [number, line] of linesOf(path)) {
    lines++
    const body = bodyOf(line)
    if (typeof body === 'string') {
      unreadable(number, body)
      continue
    }
    read++
    for (const { resource, metric: found } of metricsOf(body)) {
      const { sum, name } = found
      if (!sum?.isMonotonic) continue
      for (const point of sum.dataPoints ?? []) add(resource, name, point, isDelta(sum))
    }
  }
  if (tools.size > 1)
    for (const use of uses) {
      use.name = once(`${use.tool} ${use.name}`)
      use.version = once(`${use.tool} ${use.version}`)
    }
  // Whoever asks for a metric that counts something else than commands sees only that.
  const other = metric !== undefined && !keys.has('command_name')
  const full =
    growth.full || dropped ? `the file has more than ${MAX} series and uses: the rest is left out` : ''
  return {
    uses: other ? uses.filter(({ kind }) => kind === 'run') : uses,
    ...{ tools: [...tools], read, lines },
    ...(other && { keys: [...keys] }),
    ...(full && { full }),
  }
}

/** A short name for who it was; undefined where the sender says nothing of the kind. */
function installationOf(resource: readonly Attribute[]): string | undefined {
  const value = (wanted: string) => resource.find(({ key }) => key === wanted)?.value
  const who = value('user.fingerprint') ?? value('service.instance.id')
  return who ? identity([who]).slice(0, 16) : undefined
}

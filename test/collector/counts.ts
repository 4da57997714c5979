import { readFile } from 'node:fs/promises'

/** Invocations by version and command: `{ '0.19.3 build': 7 }`. */
export type Counts = Record<string, number>

interface Attribute {
  key: string
  value: Record<string, unknown>
}

interface Point {
  attributes: Attribute[]
  startTimeUnixNano: string
  timeUnixNano: string
  asInt: string
}

interface Line {
  /** Absent where a processor has left nothing of a request. */
  resourceMetrics?: {
    resource: { attributes: Attribute[] }
    scopeMetrics: { metrics: { name: string; sum: { dataPoints: Point[] } }[] }[]
  }[]
}

/**
 * What the file exporter wrote, counted as a backend of cumulative sums does: a series is all attributes and the
 * start, its value is the one with the latest time, in whatever order the points came; series are added up.
 */
export async function fileCounts(path: string, metric = 'command_invocation'): Promise<Counts> {
  const latest = new Map<string, { cell: string; time: bigint; value: number }>()
  for (const { resourceMetrics = [] } of await fileLines(path)) {
    for (const { resource, scopeMetrics } of resourceMetrics) {
      for (const { name, sum } of scopeMetrics.flatMap(scope => scope.metrics)) {
        if (name !== metric) continue
        for (const { attributes, startTimeUnixNano, timeUnixNano, asInt } of sum.dataPoints) {
          const key = JSON.stringify([resource.attributes, attributes, startTimeUnixNano])
          const time = BigInt(timeUnixNano)
          if (time < (latest.get(key)?.time ?? 0n)) continue
          const version = text(resource.attributes, 'service.version')
          const cell = `${version} ${text(attributes, 'command_name')}`
          latest.set(key, { cell, time, value: Number(asInt) })
        }
      }
    }
  }
  return add(latest.values())
}

/** What the file exporter wrote after `cumulativetodelta`: every point is new invocations, so they are added up. */
export async function deltaCounts(path: string, metric = 'command_invocation'): Promise<Counts> {
  const requests = await fileLines(path)
  return add(
    requests.flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
        scopeMetrics
          .flatMap(scope => scope.metrics)
          .filter(({ name }) => name === metric)
          .flatMap(({ sum }) => sum.dataPoints)
          .map(({ attributes, asInt }) => ({
            cell: `${text(resource.attributes, 'service.version')} ${text(attributes, 'command_name')}`,
            value: Number(asInt),
          })),
      ),
    ),
  )
}

/** The requests that the file exporter has written so far. It may be in the middle of a line. */
export async function fileLines(path: string): Promise<Line[]> {
  const lines = (await readFile(path, 'utf8')).split('\n')
  return lines.slice(0, -1).map(line => JSON.parse(line))
}

/** What a Prometheus that scrapes the Collector now would see, added up over installations. */
export async function prometheusCounts(url: string, metric = 'command_invocation_total'): Promise<Counts> {
  const page = await (await fetch(url)).text()
  const samples = [...page.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].filter(([, name]) => name === metric)
  return add(
    samples.map(([, , labels, value]) => {
      const { service_version, command_name } = Object.fromEntries(
        [...labels!.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, text]) => [name, text]),
      )
      return { cell: `${service_version} ${command_name}`, value: Number(value) }
    }),
  )
}

function text(attributes: Attribute[], key: string): unknown {
  return attributes.find(attribute => attribute.key === key)?.value.stringValue
}

function add(series: Iterable<{ cell: string; value: number }>): Counts {
  const counts: Counts = {}
  for (const { cell, value } of series) counts[cell] = (counts[cell] ?? 0) + value
  return counts
}

import type { Point } from './consumers.ts'

/** One item of `resourceMetrics`. */
export interface Part {
  id: string
  fingerprint: string
  points: Point[]
}

interface Value {
  key: string
  value: { stringValue: string }
}

/** What the model reads of a body. */
export function partsOf(body: string): Part[] {
  return JSON.parse(body).resourceMetrics.map(
    ({
      resource,
      scopeMetrics,
    }: {
      resource: { attributes: Value[] }
      scopeMetrics: { metrics: { sum: { dataPoints: Record<string, unknown>[] } }[] }[]
    }) => {
      const attributes = new Map(resource.attributes.map(({ key, value }) => [key, value.stringValue]))
      const id = attributes.get('service.instance.id')!
      const points = scopeMetrics[0]!.metrics.flatMap(({ sum }) =>
        sum.dataPoints.map(point => {
          const series = (point.attributes as Value[])[0]!.value.stringValue
          const time = Number((point.timeUnixNano as string).slice(0, -6))
          return { key: `${series} ${id}`, series, time, value: Number(point.asInt) }
        }),
      )
      return { id, fingerprint: attributes.get('user.fingerprint')!, points }
    },
  )
}

import type { Preview, Value } from './preview.ts'

/** The limit of the library, for one version of a tool. */
const MAX_SERIES = 128

/** The size in bytes of the largest request with the counts of one version: each series is new, so it has two points. */
export function largestBody({ name, version, resource, metrics }: Preview): number {
  let series = 0
  const body = {
    resourceMetrics: [
      {
        resource: {
          attributes: Object.entries({ ...IDS, ...resource }).map(([key, values]) => longest(key, values)),
        },
        scopeMetrics: [
          {
            scope: { name: 'otlp-tally', version: '00.00.00' },
            metrics: Object.entries(metrics).map(([metric, { unit, attributes }]) => ({
              name: metric,
              unit,
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: combinations(attributes)
                  .filter(() => series++ < MAX_SERIES)
                  .flatMap(attributes => [point(attributes), point(attributes)]),
              },
            })),
          },
        ],
      },
    ],
  }
  return JSON.stringify(body).length + name.length + version.length
}

const IDS = { 'service.instance.id': ' '.repeat(36), 'user.fingerprint': ' '.repeat(64) }

function longest(key: string, values: readonly Value[] | string) {
  const all = typeof values === 'string' ? [' '.repeat(64)] : values.map(String)
  return { key, value: { stringValue: all.reduce((a, b) => (b.length > a.length ? b : a)) } }
}

/** The combinations of values, at most as many as there can be series. */
function combinations(attributes: Record<string, readonly Value[]>) {
  return Object.entries(attributes).reduce<{ key: string; value: object }[][]>(
    (all, [key, values]) =>
      all
        .flatMap(one => values.map(value => [...one, { key, value: { stringValue: `${value}` } }]))
        .slice(0, MAX_SERIES),
    [[]],
  )
}

function point(attributes: object[]) {
  const nanoseconds = '0'.repeat(19)
  return { attributes, startTimeUnixNano: nanoseconds, timeUnixNano: nanoseconds, asInt: '1000000' }
}

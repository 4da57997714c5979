import { seriesPath } from './series.ts'
import { MAX_SERIES, type Stream, type Tallied, tooManySeries } from './stream.ts'

/**
 * A stream that stores nothing: for `log` mode, on top of the stored counts that it must not change, and for a user
 * who said yes where nothing can be stored. Without a `base` it has an identity of its own and counts from zero.
 */
export function memoryStream(base?: Stream): Stream {
  const added = new Map<string, Tallied>()
  const readBase = (now: number): Map<string, Tallied> =>
    new Map(base?.read(now).map(tallied => [seriesPath(tallied.series), tallied]))
  return {
    instance: base?.instance ?? process.getBuiltinModule('node:crypto').randomUUID(),
    append(series, now) {
      const path = seriesPath(series)
      const stored = readBase(now)
      const known = added.get(path) ?? stored.get(path)
      if (!known && new Set([...stored.keys(), ...added.keys()]).size >= MAX_SERIES) throw tooManySeries()
      const begun = known?.begun ?? false
      added.set(path, {
        series,
        start: known?.start ?? now - 2,
        count: (known?.count ?? 0) + 1,
        time: now,
        begun,
      })
      return true
    },
    begin(tallied) {
      const path = seriesPath(tallied.series)
      added.set(path, { ...tallied, begun: true })
      return true
    },
    read(now) {
      return [...new Map([...readBase(now), ...added]).values()].map(tallied => ({ ...tallied, time: now }))
    },
  }
}

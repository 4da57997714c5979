/** Whether `a` says what an installation has now, and not `b`: it is later, or as late and of a newer version. */
export function isLater(a: { time: number; version: string }, b: { time: number; version: string }): boolean {
  return a.time > b.time || (a.time === b.time && compareVersions(a.version, b.version) > 0)
}

/** `0.10.0` comes after `0.9.0` and after `0.10.0-beta`. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0
  const [[coreA, preA], [coreB, preB]] = [split(a), split(b)]
  const byCore = coreA.localeCompare(coreB, 'en', { numeric: true })
  if (byCore) return byCore
  if (!preA !== !preB) return preA ? -1 : 1
  return preA.localeCompare(preB, 'en', { numeric: true }) || (a < b ? -1 : 1)
}

function split(version: string): [core: string, pre: string] {
  const [, core = version, pre = ''] = /^([^-+]*)-?(.*)$/s.exec(version) ?? []
  return [core, pre]
}

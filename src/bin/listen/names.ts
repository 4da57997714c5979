import type { Total } from './totals.ts'

/** `trix 0.19.3  build`, and the metric where it is not the usual one. */
export function nameOf({ tool, version, metric, labels }: Omit<Total, 'total' | 'last'>): string {
  return [`${tool} ${version}`.trim(), metric === 'command_invocation' ? '' : metric, labels]
    .filter(Boolean)
    .join('  ')
}

/** `09:12:45` in local time. */
export function timeOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8)
}

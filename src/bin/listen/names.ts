import type { Arrival, Total } from './totals.ts'

/** `trix build` */
export function nameOf({ tool, name }: Pick<Total, 'tool' | 'name'>): string {
  return `${tool} ${name}`.trim()
}

/** `trix 0.19.3  build`; a failure and an event are marked as such. */
export function arrivalName({ tool, version, name, kind, agent }: Arrival): string {
  const what = { run: name, failure: `${name} failed`, event: `event ${name}` }[kind]
  return `${`${tool} ${version}`.trim()}  ${what}${agent === undefined ? '' : ` by ${agent}`}`
}

/** `09:12:45` in local time. */
export function timeOf(time: number): string {
  return new Date(time).toTimeString().slice(0, 8)
}

/** `14,082`. */
export function thousands(number: number): string {
  const [whole = '', fraction] = String(number).split('.')
  if (whole.includes('e')) return String(number)
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

const UNITS: readonly (readonly [size: number, name: string])[] = [
  [1e12, 'tn'],
  [1e9, 'bn'],
  [1e6, 'm'],
]

/** The same, but `12.3m` for a large number: a sender can send any count. */
export function shortNumber(number: number): string {
  if (number < 1e7) return thousands(Math.round(number))
  if (number >= 1e15) return '999tn+'
  const [size, name] = UNITS.find(([size]) => number >= size)!
  const part = Math.floor((10 * number) / size) / 10
  return `${part >= 100 ? Math.floor(part) : part}${name}`
}

/** A share from 0 to 1: `37%`, `<1%`, `>99%`. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1%'
  if (share > 0.99 && share < 1) return '>99%'
  return `${thousands(Math.round(100 * share))}%`
}

/** The change in percent, rounded; undefined if there was nothing before. */
export function percentChange(now: number, before: number): number | undefined {
  return before ? Math.round((100 * (now - before)) / before) : undefined
}

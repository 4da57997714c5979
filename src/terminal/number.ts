/** `14,082`. */
export function thousands(number: number): string {
  const [whole = '', fraction] = String(number).split('.')
  if (whole.includes('e')) return String(number)
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** A part of 1 as people write it: `37%`, and `<1%` for what is there but little. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1%'
  if (share > 0.99 && share < 1) return '>99%'
  return `${thousands(Math.round(100 * share))}%`
}

/** `+12%`, `−17%`, `±0%`; empty where there was nothing before. */
export function change(now: number, before: number): string {
  if (!before) return ''
  const rounded = Math.round((100 * (now - before)) / before)
  const sign = rounded < 0 ? '−' : rounded > 0 ? '+' : '±'
  return `${sign}${thousands(Math.abs(rounded))}%`
}

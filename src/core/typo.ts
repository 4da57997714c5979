/**
 * True if at most `slips` slips of the fingers turn one word into the other: a letter added, left out or replaced, or
 * two neighbours swapped. `telemtry` and `telemetyr` are one slip away from `telemetry`, `template` is six.
 */
export function isTypo(word: string, wanted: string, slips = 2): boolean {
  if (word === wanted) return true
  if (!slips) return false
  let same = 0
  while (word[same] === wanted[same]) same++
  const a = word.slice(same)
  const b = wanted.slice(same)
  return (
    isTypo(a.slice(1), b, slips - 1) ||
    isTypo(a, b.slice(1), slips - 1) ||
    isTypo(a.slice(1), b.slice(1), slips - 1) ||
    (a[0] === b[1] && a[1] === b[0] && isTypo(a.slice(2), b.slice(2), slips - 1))
  )
}

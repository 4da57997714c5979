/**
 * True for a word that becomes the other by at most `slips` slips of the fingers: a letter more, less or other, or two
 * neighbours swapped. Two is what `telemtry` or `Telemetyr` take; `template` is five away from `telemetry`.
 */
export function isTypo(word: string, wanted: string, slips = 2): boolean {
  if (word === wanted) return true
  if (!slips) return false
  let same = 0
  while (word[same] === wanted[same]) same++
  const [a, b, left] = [word.slice(same), wanted.slice(same), slips - 1]
  return (
    isTypo(a.slice(1), b, left) ||
    isTypo(a, b.slice(1), left) ||
    isTypo(a.slice(1), b.slice(1), left) ||
    (a[0] === b[1] && a[1] === b[0] && isTypo(a.slice(2), b.slice(2), left))
  )
}

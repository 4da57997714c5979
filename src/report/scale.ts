// Ours and not d3-scale's and d3-shape's: of those a page would use two functions, in place of the fifteen lines below
// and of the paths in chart.ts, and they bring 81 kB, a fifth of what a tool's users may have to install.

/** Round numbers from 0 to at least `most`, in at most five steps. Counts have no halves. */
export function ticksOf(most: number): number[] {
  const rough = Math.max(1, most / 5)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= rough)!
  const ticks = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: ticks + 1 }, (_, index) => index * step)
}

/** Which of so many steps have a name below them: every one, every second …, at most `most` of them. */
export function labelled(length: number, most: number): number[] {
  const every = Math.ceil(length / most)
  return Array.from({ length }, (_, index) => index).filter(index => (length - 1 - index) % every === 0)
}

// Not d3-scale and d3-shape: they would replace these fifteen lines and the paths in chart.ts, and add 81 kB to what the
// users of a tool install.

/** Round numbers from 0 to at least `most`, in at most five steps of whole numbers. */
export function ticksOf(most: number): number[] {
  const rough = Math.max(1, most / 5)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => step >= rough)!
  const ticks = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: ticks + 1 }, (_, index) => index * step)
}

/** The indexes of the steps that get a label, at most `most`: every one, every second … */
export function labelled(length: number, most: number): number[] {
  const every = Math.ceil(length / most)
  return Array.from({ length }, (_, index) => index).filter(index => (length - 1 - index) % every === 0)
}

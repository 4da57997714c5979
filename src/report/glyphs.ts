/** What a terminal can show. */
export interface Canvas {
  columns: number
  /** False where the locale is not UTF-8. */
  unicode: boolean
  colour: boolean
}

/** What a trend is drawn with, from 0 to the maximum. */
const HEIGHTS = [...' ▁▂▃▄▅▆▇█']
const ASCII_HEIGHTS = [...' .:-=+*#']

export function trendOf(counts: readonly number[], { unicode }: Canvas): string {
  const heights = unicode ? HEIGHTS : ASCII_HEIGHTS
  const max = counts.reduce((max, count) => Math.max(max, count), 1)
  return counts.map(count => heights[Math.ceil((count / max) * (heights.length - 1))]!).join('')
}

/** The text with ASCII in place of signs that the locale cannot show. */
export function inLocale(text: string, { unicode }: Canvas): string {
  if (unicode) return text
  const ascii: Record<string, string> = { '–': '-', '−': '-', '…': '...', '·': '-', '▲': '+', '▼': '-' }
  return text.replace(/[–−…·▲▼]/g, sign => ascii[sign]!)
}

/** Whether the locale can show more than ASCII. POSIX: the first of these three that is set decides. */
export function hasUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  if (process.platform === 'win32') return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '')
}

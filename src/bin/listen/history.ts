import { visible } from '../../terminal/printable.ts'

/** The body that came last. */
export interface LastBody {
  /** In characters. */
  length: number
  /** As it is shown: on many lines, with nothing in it that a reader could not see. */
  text: string
  /** Undefined where it was too long to be taken apart for a reader. */
  parsed: unknown
}

/** What has happened since the start, besides the counts. */
export interface History {
  started: number
  accepted: number
  refused: number
  /** The last ones, newest first. */
  remarks: readonly { time: number; sentence: string }[]
  lastArrival: number | undefined
  lastBody(): LastBody | undefined
}

/** Takes note of what happens. */
export interface Recorder extends History {
  accept(text: string, parsed: unknown): void
  refuse(): void
  remark(sentence: string): void
}

const MAX_REMARKS = 10
/** A body of the library has some 1500 characters. */
const MAX_PARSED = 2 ** 18
const MAX_SHOWN = 20_000
/** No name needs more, and one of a megabyte would be all that is to be seen. */
const MAX_STRING = 200
const MAX_LINE = 90

export function createHistory(now: () => number = Date.now): Recorder {
  const remarks: { time: number; sentence: string }[] = []
  let last: { length: number; text: string; parsed: unknown } | undefined
  let shown: LastBody | undefined
  const history: Recorder = {
    ...{ started: now(), accepted: 0, refused: 0, remarks, lastArrival: undefined },
    accept(text, parsed) {
      const isShort = text.length <= MAX_PARSED
      history.accepted++
      history.lastArrival = now()
      // Of a long one only the beginning, copied: a slice would keep all of it in memory.
      const kept = isShort ? text : Buffer.from(text.slice(0, MAX_SHOWN)).toString()
      last = { length: text.length, text: kept, parsed: isShort ? parsed : undefined }
      shown = undefined
    },
    refuse: () => void history.refused++,
    remark(sentence) {
      remarks.unshift({ time: now(), sentence })
      remarks.length = Math.min(remarks.length, MAX_REMARKS)
    },
    lastBody: () => (shown ??= last && { ...last, text: pretty(last.text, last.parsed) }),
  }
  return history
}

function pretty(text: string, parsed: unknown): string {
  const lines = parsed === undefined ? text : indented(parsed)
  return visible(lines.length > MAX_SHOWN ? `${lines.slice(0, MAX_SHOWN)}\n…` : lines)
}

/** JSON on as many lines as it needs: what fits into one is not taken apart. */
function indented(value: unknown, indent = ''): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > MAX_STRING ? `${value.slice(0, MAX_STRING)}…` : value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map(item => indented(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${indented(item, inner)}`)
  const [open, close, space] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', parts.length ? ' ' : '']
  const line = `${open}${space}${parts.join(', ')}${space}${close}`
  if (line.length + indent.length <= MAX_LINE && !line.includes('\n')) return line
  return `${open}\n${parts.map(part => inner + part).join(',\n')}\n${indent}${close}`
}

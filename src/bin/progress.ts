const WIDTH = 24
/** What takes less is over before it could be read. */
const QUIET_MS = 400
const PAUSE_MS = 100

interface Stream {
  write(text: string): unknown
  isTTY?: boolean | undefined
}

export interface Progress {
  /** `done` from 0 to 1, undefined where nobody knows. */
  show(done: number | undefined, text: string): void
  /** Takes it away, for a line to be printed. */
  hide(): void
}

/** A bar that is drawn over itself, in a terminal only, once it has taken a while. */
export function progressOn(stream: Stream): Progress {
  let next = Date.now() + QUIET_MS
  let [latest, shown] = ['', false]
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    timer = undefined
    next = Date.now() + PAUSE_MS
    shown = true
    stream.write(`\r\u001b[K${latest}`)
  }

  return {
    show(done, text) {
      if (!stream.isTTY) return
      const part = Math.min(done ?? 0, 1)
      const bar = `[${'#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '.')}] ${Math.floor(part * 100)}%  `
      latest = `${done === undefined ? '' : bar}${text}`
      // A reader that is busy comes back to its timers seldom, so it is drawn here too.
      if (Date.now() >= next) draw()
      else timer ??= setTimeout(draw, next - Date.now()).unref()
    },
    hide() {
      clearTimeout(timer)
      timer = undefined
      if (shown) stream.write('\r\u001b[K')
      shown = false
    },
  }
}

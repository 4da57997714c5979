const WIDTH = 24
/** Nothing is drawn for what takes less. */
const DELAY_MS = 400
const PAUSE_MS = 100

interface Stream {
  write(text: string): unknown
  isTTY?: boolean | undefined
}

export interface Progress {
  /** `done` from 0 to 1; undefined if it is not known. */
  show(done: number | undefined, text: string): void
  /** Erases it, so that a line can be printed. */
  hide(): void
}

/** A progress bar, shown in a terminal only, and only after a while. */
export function progressOn(stream: Stream): Progress {
  let next = Date.now() + DELAY_MS
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
      // Timers seldom run while a file is read, so it is also drawn here.
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

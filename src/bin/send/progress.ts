import type { WriteStream } from 'node:tty'

const WIDTH = 24

export interface Progress {
  /** `done` from 0 to 1. */
  show(done: number, text: string): void
  /** Takes the bar away, so that a line can be printed. */
  hide(): void
}

/** A bar that is drawn over itself, in a terminal only. */
export function progressOn(stream: Pick<WriteStream, 'write' | 'isTTY'>): Progress {
  const write = (text: string) => void (stream.isTTY && stream.write(text))
  return {
    show(done, text) {
      const part = Math.min(done, 1)
      const bar = '#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '.')
      write(`\r\u001b[K[${bar}] ${Math.floor(part * 100)} %  ${text}`)
    },
    hide: () => write('\r\u001b[K'),
  }
}

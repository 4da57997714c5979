import { cut } from '../../terminal/columns.ts'

/** A terminal, for example `process.stdout`. */
export interface Terminal {
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  columns?: number
  rows?: number
}

/** A table at the bottom of the terminal; lines scroll by above it. */
export interface Screen {
  /** Prints a line above the table. */
  say(line: string): void
  /** The table has changed. */
  changed(): void
  /** Erases the table. */
  end(): void
}

/** At most five times per second, however much arrives. */
const PAUSE_MS = 200
/** So many lines are printed again after the screen was cleared. */
const MAX_LINES = 8

/**
 * Draws the lines of `table` over the previous ones each time they change; `table` receives the number of lines that
 * fit. Each line is cut to the width, since a line that wraps would take two. Terminals differ in what they do to their
 * lines when they are resized, so the screen is then cleared and drawn anew.
 */
export function createScreen(terminal: Terminal, table: (lines: number) => readonly string[]): Screen {
  const printed: string[] = []
  let [waiting, drawn, cleared, ended] = [[] as string[], 0, false, false]
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    timer = undefined
    // Under `script` and in some containers a terminal reports a size of 0.
    const [columns, rows] = [terminal.columns || 80, terminal.rows || 24]
    const room = Math.max(1, rows - 4)
    const lines = table(room)
      .slice(0, room)
      .map(line => cut(line, columns - 1))
    terminal.write(
      `${erased()}${(cleared ? printed : waiting).map(line => `${line}\n`).join('')}${lines.join('\n')}\n`,
    )
    ;[waiting, drawn, cleared] = [[], lines.length, false]
  }

  /** Moves to where the table began, or to the top, and erases from there on. */
  function erased(): string {
    if (cleared) return '\u001b[H\u001b[J'
    return drawn ? `\u001b[${drawn}A\r\u001b[J` : ''
  }

  function changed(): void {
    if (!ended) timer ??= setTimeout(draw, PAUSE_MS)
  }

  terminal.on('resize', () => {
    cleared = true
    changed()
  })
  return {
    changed,
    say(line) {
      printed.push(line)
      if (printed.length > MAX_LINES) printed.shift()
      waiting.push(line)
      changed()
    },
    end() {
      clearTimeout(timer)
      ended = true
      terminal.write(`${erased()}${(cleared ? printed : waiting).map(line => `${line}\n`).join('')}`)
    },
  }
}

import { cut } from '../../terminal/columns.ts'

/** A terminal, or what stands for one: `process.stdout` fits. */
export interface Terminal {
  write(text: string): unknown
  on(event: 'resize', listener: () => void): unknown
  columns?: number
  rows?: number
}

/** Lines that go by, and below them a table that stays where it is. */
export interface Screen {
  /** Says something that stays to be read, above the table. */
  say(line: string): void
  /** The table has changed. */
  changed(): void
  /** Takes the table away, for whatever is said at the end. */
  end(): void
}

/** Five times a second at most, however much comes. */
const PAUSE_MS = 200
/** What is said again when the screen was cleared. */
const MAX_SAID = 8

/**
 * Draws the lines of `table` over the previous ones each time they change; `table` receives the number of lines
 * that fit. No line may wrap: each is cut to the columns. What a terminal does to its lines when its size
 * changes nobody knows; then the screen is cleared and drawn anew.
 */
export function createScreen(terminal: Terminal, table: (lines: number) => readonly string[]): Screen {
  const said: string[] = []
  let [waiting, drawn, cleared, ended] = [[] as string[], 0, false, false]
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    timer = undefined
    // Under `script` and in some containers a terminal says 0: its size is not known.
    const [columns, rows] = [terminal.columns || 80, terminal.rows || 24]
    const room = Math.max(1, rows - 4)
    const lines = table(room)
      .slice(0, room)
      .map(line => cut(line, columns - 1))
    terminal.write(
      `${erased()}${(cleared ? said : waiting).map(line => `${line}\n`).join('')}${lines.join('\n')}\n`,
    )
    ;[waiting, drawn, cleared] = [[], lines.length, false]
  }

  /** Goes up to where the table began, or home, and takes away what is from there on. */
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
      said.push(line)
      if (said.length > MAX_SAID) said.shift()
      waiting.push(line)
      changed()
    },
    end() {
      clearTimeout(timer)
      ended = true
      terminal.write(`${erased()}${(cleared ? said : waiting).map(line => `${line}\n`).join('')}`)
    },
  }
}

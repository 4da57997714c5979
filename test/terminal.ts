import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { GUARD_MS } from './machine.ts'
import { ROOT } from './paths.ts'
import type { World } from './world.ts'

/** A shell in a real terminal, in which `trix` is the example tool and `asking` is the one that asks for consent. */
export interface Terminal {
  /** Types a line and presses Enter. The screen is empty then, so what it shows afterwards came later. */
  run(line: string): void
  /** Presses a key, by tmux's name for it: `Enter`, `C-c`, `C-d`. */
  press(key: string): void
  /** Gives it another size. */
  resize(columns: number, rows: number): void
  /** Resolves with the screen once it has the text. What differs between two runs is replaced: ids, times, the endpoint. */
  until(text: string | RegExp): Promise<string>
  /** Resolves with the screen once the shell has its prompt again. */
  prompt(): Promise<string>
}

let terminals = 0

/** Opens a terminal that is closed when the test ends. */
export function openTerminal(world: World, columns = 100): Terminal {
  const socket = `otlp-tally-${process.pid}-${terminals++}`
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8', env: world.env })
  const example = (name: string) => `${process.execPath} ${join(ROOT, 'examples', name)} "$@"`
  // Functions, so that no screen has the long command lines.
  const shell = `trix() { ${example('tool.js')}; }; asking() { ${example('consent.js')}; }; clear`
  tmux('new-session', '-d', '-x', `${columns}`, '-y', '60', '-c', world.cwd, 'env PS1="$ " sh')
  onTestFinished(() => {
    spawnSync('tmux', ['-L', socket, 'kill-server'])
  })
  const run = (line: string) => {
    tmux('send-keys', '-R')
    tmux('send-keys', '-l', line)
    tmux('send-keys', 'Enter')
  }
  run(shell)

  const screen = () =>
    tmux('capture-pane', '-p', '-J')
      .replaceAll(world.home, '/home/me')
      .replaceAll(world.env.TRIX_TELEMETRY_ENDPOINT ?? 'no endpoint', 'http://127.0.0.1:4318')
      .replace(/[0-9a-f]{64}/g, '<64 hex digits>')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
      .replace(/\d{13}000000/g, '<nanoseconds>')
      .replace(/\d{4}-\d\d-\d\d(T[\d:]+Z)?/g, (_, time) => (time ? '<time>' : '<day>'))
      .replace(/(just now|\d+ (second|minute)s? ago)/g, '<ago>')
      .replace(/ +$/gm, '')
      .trimEnd()
      .concat('\n')
  async function until(text: string | RegExp): Promise<string> {
    for (const deadline = Date.now() + GUARD_MS; ; await sleep(30)) {
      const now = screen()
      if (now.search(text) >= 0) return now
      if (Date.now() > deadline) throw new Error(`${text} is not on the screen:\n${now}`)
    }
  }
  const resize = (columns: number, rows: number) =>
    void tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`)
  return { run, press: key => tmux('send-keys', key), resize, until, prompt: () => until(/\$\n$/) }
}

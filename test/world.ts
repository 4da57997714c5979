import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { CLI, LIBRARY, TOOL } from './paths.ts'

export interface Result {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** What is left of a command that ends well and prints nothing. */
export const SILENT: Result = { status: 0, signal: null, stdout: '', stderr: '' }

/** A user of a tool: a home, a working folder, and an environment of which the test knows every variable. */
export interface World {
  home: string
  cwd: string
  state: string
  config: string
  env: Record<string, string>
  /** Runs the example tool as a process and waits for its end. */
  tool(args: readonly string[], env?: Record<string, string>): Promise<Result>
  /** The same for a script of a few lines that imports from `otlp-tally`. */
  script(code: string, env?: Record<string, string>): Promise<Result>
  /** Starts such a script, which ends when it reads a line from stdin. */
  start(code: string): Running
  writeConfig(text: string): void
  /** All files below the home, relative to it. */
  files(): string[]
}

export interface Running {
  /** Resolves when it has printed the text. */
  printed(text: string): Promise<void>
  /** Writes the line to its stdin, and resolves when it has ended. */
  end(): Promise<void>
  /** By default with SIGKILL. */
  kill(signal?: NodeJS.Signals): void
}

/** Makes a folder that is removed when the test ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-'))
  onTestFinished(() => removeFolder(folder))
  return folder
}

/**
 * Removes a folder, also while a process still makes a file there: `maxRetries` only repeats the last step, and does not
 * remove that file.
 */
export function removeFolder(folder: string, tries = 5): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  } catch (error) {
    if (tries === 0 || (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    removeFolder(folder, tries - 1)
  }
}

/** Makes a world that is removed when the test ends. `env` is added to `PATH` and `HOME`. */
export function makeWorld(env: Record<string, string> = {}): World {
  const root = makeFolder()
  const home = join(root, 'home')
  const cwd = join(root, 'work')
  mkdirSync(home)
  mkdirSync(cwd)
  const config = join(home, '.config/trix/config.toml')
  const base = { PATH: process.env.PATH ?? '', HOME: home, ...env }
  const run = (args: readonly string[], more: Record<string, string> = {}) =>
    runProcess(process.execPath, args, { cwd, env: { ...base, ...more } })
  return {
    home,
    cwd,
    config,
    state: join(home, '.local/state/trix'),
    env: base,
    tool: (args, more) => run([TOOL, ...args], more),
    script: (code, more) => run(scriptArguments(code), more),
    start: code => startProcess(scriptArguments(code), { cwd, env: base }),
    writeConfig(text) {
      mkdirSync(dirname(config), { recursive: true })
      writeFileSync(config, text)
    },
    files: () =>
      readdirSync(home, { recursive: true, withFileTypes: true })
        .filter(entry => !entry.isDirectory())
        .map(entry => join(entry.parentPath, entry.name).slice(home.length + 1))
        .sort(),
  }
}

function scriptArguments(code: string): string[] {
  return ['--input-type=module', '-e', linked(code)]
}

/** The code with the paths of the built package in the place of its name. */
export function linked(code: string): string {
  return code.replace(/'otlp-tally(\/cli)?'/g, (_, cli) => `'${cli ? CLI : LIBRARY}'`)
}

function startProcess(args: string[], options: { cwd: string; env: Record<string, string> }): Running {
  const child = spawn(process.execPath, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', chunk => (stdout += chunk))
  return {
    async printed(text) {
      while (!stdout.includes(text)) await new Promise(resolve => child.stdout.once('data', resolve))
    },
    end() {
      child.stdin.end('\n')
      return ended
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
  }
}

/** Runs a process to its end, with no stdin. */
export function runProcess(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', chunk => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', chunk => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}

/** Runs a command line in a pseudo-terminal in which nobody types. `stdout` is all that was shown there. */
export async function runOnTerminal(
  line: string,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Promise<Result> {
  const args = ['-qec', line, '/dev/null']
  const { stdout, ...result } = await runProcess('script', args, { cwd, env: { TERM: 'xterm', ...env } })
  return { ...result, stdout: stdout.replaceAll('\r\n', '\n') }
}

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Result {
  status: number | null
  signal: string | null
  stdout: string
  stderr: string
}

/** A user of a tool: a home and a working folder of their own, and an environment with nothing in it that is not said. */
export interface World {
  home: string
  cwd: string
  state: string
  config: string
  env: Record<string, string>
  /** Runs the example tool as a process and waits for its end. */
  tool(args: readonly string[], env?: Record<string, string>): Promise<Result>
  /** Starts such a script that waits for a line on stdin before it ends. */
  start(code: string): Running
  /** Runs a script of a few lines that imports from `otlp-tally`. */
  script(code: string, env?: Record<string, string>): Promise<Result>
  writeConfig(text: string): void
  /** All files below the home, relative to it. */
  files(): string[]
}

export interface Running {
  /** Resolves when it has printed the text. */
  said(text: string): Promise<void>
  /** Lets it end, and waits for that. */
  end(): Promise<void>
  /** By default with SIGKILL. */
  kill(signal?: NodeJS.Signals): void
}

const TOOL = join(import.meta.dirname, '../examples/tool.js')
const PACKAGE = join(import.meta.dirname, '../dist')

/** Makes a world that is removed when the test ends. `env` is added to `PATH` and `HOME`. */
export function makeWorld(env: Record<string, string> = {}): World {
  const root = mkdtempSync(join(tmpdir(), 'otlp-tally-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }))
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
  const linked = code.replace(
    /from 'otlp-tally(\/cli)?'/g,
    (_, cli) => `from '${PACKAGE}/${cli ? 'cli' : 'index'}.js'`,
  )
  return ['--input-type=module', '-e', linked]
}

function startProcess(args: string[], options: { cwd: string; env: Record<string, string> }): Running {
  const child = spawn(process.execPath, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', chunk => (stdout += chunk))
  return {
    async said(text) {
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

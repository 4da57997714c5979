import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, inject } from 'vitest'
import { type Result, removeFolder, runProcess } from '../world.ts'

/** A user's project, in which the package is installed. */
export interface Project {
  folder: string
  write(name: string, text: string): string
  /** Runs a program of the toolbox in the project. Rejects with its output if it fails. */
  make(command: string, ...args: readonly string[]): Promise<Result>
}

/** A folder that is removed after the last test of the file. Call it at the top of a test file. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-ships-'))
  afterAll(() => removeFolder(folder))
  return folder
}

/** Makes a project that is removed after the last test of the file. Call it at the top of a test file. */
export function makeProject(type: 'module' | 'commonjs' = 'module'): Project {
  const folder = makeFolder()
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  cpSync(inject('packed'), join(folder, 'node_modules/otlp-tally'), { recursive: true })
  write('package.json', JSON.stringify({ name: 'trix', version: '0.19.3', type }))
  return {
    folder,
    write,
    async make(command, ...args) {
      // The project is the home, so that a build does not depend on the settings of the person who runs the tests.
      const env = { PATH: process.env.PATH ?? '', HOME: folder, DENO_NO_UPDATE_CHECK: '1' }
      const result = await runProcess(command, args, { cwd: folder, env })
      if (result.status !== 0)
        throw new Error(`${command} ${args.join(' ')}:\n${result.stdout}${result.stderr}`)
      return result
    },
  }
}

/**
 * The source of the example tool, which adds a dot to the file STARTS when it is started. `wrapped` has no top-level await,
 * since CommonJS output cannot have it. `commonjs` is `wrapped` with `require`.
 */
export function toolSource(form: 'module' | 'wrapped' | 'commonjs'): string {
  const source = readFileSync(join(import.meta.dirname, '../../examples/tool.js'), 'utf8')
  const [imports, ...rest] = source.replace(/^#!.*\n/, '').split(/\n\n/)
  const body = rest.join('\n\n')
  const started = `if (process.env.STARTS) process.getBuiltinModule('node:fs').appendFileSync(process.env.STARTS, '.')`
  if (form === 'module') return `${imports}\n${started}\n${body}`
  const wrapped = `async function main() {\n${started}\n${body}\n}\nmain()\n`
  return form === 'wrapped'
    ? `${imports}\n${wrapped}`
    : `${imports!.replace(/^import (\{.*\}) from ('.*')$/gm, 'const $1 = require($2)')}\n${wrapped}`
}

import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** The code of the library that the model runs. */
export type Library = typeof import('../../../src/core/counter.ts') &
  typeof import('../../../src/core/decide/consent.ts') &
  typeof import('../../../src/core/log/fingerprint.ts') &
  typeof import('../../../src/helper/preview.ts') &
  typeof import('../../../src/helper/sender.ts')

/** Replacements in the source of a file below `src/`. Each must match exactly once. */
export type Changes = Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>

/** What the bundle uses in place of Node's builtins. */
export interface Host {
  fs: object
  crypto: () => object
  random: () => number
  pid: number
}

const SRC = join(import.meta.dirname, '../../../src')
const ENTRY = `
export { counterFor } from './core/counter.ts'
export { writeAnswers } from './core/decide/consent.ts'
export { ensureFingerprint } from './core/log/fingerprint.ts'
export { foldAt } from './helper/preview.ts'
export { send } from './helper/sender.ts'`
const NODE = `
export const { fs, crypto } = HOST
export const SEP = '/', WINDOWS = false, supported = true
export const os = () => ({ hostname: () => 'host' })
export const hasCode = (error, code) => error?.code === code`

/**
 * Loads the sources of the library with the host in place of Node's builtins, and with these changes: other constants, or
 * the fault of a mutant.
 */
export async function load(host: Host, changes: Changes = {}): Promise<Library> {
  const left = new Set(Object.keys(changes))
  const plugin: Plugin = {
    name: 'model',
    setup({ onLoad }) {
      onLoad({ filter: /core\/node\.ts$/ }, () => ({ contents: NODE, loader: 'js' }))
      for (const [file, replacements] of Object.entries(changes))
        onLoad({ filter: new RegExp(`src/${file.replaceAll('.', '\\.')}$`) }, async ({ path }) => {
          const { readFile } = await import('node:fs/promises')
          let contents = await readFile(path, 'utf8')
          for (const [from, to] of replacements) {
            if (contents.split(from).length !== 2) throw new Error(`not once in ${file}: ${from}`)
            contents = contents.replace(from, () => to)
          }
          left.delete(file)
          return { contents, loader: 'ts' }
        })
    },
  }
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: SRC, loader: 'ts' },
    ...{ bundle: true, write: false, format: 'cjs', platform: 'node', target: 'node20', logLevel: 'silent' },
    define: { 'Math.random': 'HOST.random', 'process.pid': 'HOST.pid' },
    plugins: [plugin],
  })
  if (left.size) throw new Error(`never loaded: ${[...left]}`)
  const module = { exports: {} }
  new Function('module', 'HOST', outputFiles[0]!.text)(module, host)
  return module.exports as Library
}

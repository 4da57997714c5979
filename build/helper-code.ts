import { build, type Format } from 'esbuild'

// Programs that other processes run, as text. They are made at build time, so that no bundler, minifier or coverage tool
// of the tool that uses this library can rewrite them.

/** The helper: one expression, whose value is what `src/helper/main.ts` exports. */
export async function helperCode(): Promise<string> {
  const code = await textOf('src/helper/main.ts', 'esm')
  // `export{a as main,b as send};` → `return{main:a,send:b}`
  const body = code.replace(/export\{([^}]*)\};$/, (_, names: string) => {
    const pairs = names.split(',').map(name => name.split(' as '))
    return `return{${pairs.map(([local, exported = local]) => `${exported}:${local}`).join()}}`
  })
  return `(()=>{"use strict";${body}})()`
}

/** What makes the requests of `check` and `send`. */
export function requesterCode(): Promise<string> {
  return textOf('src/exchange/requester.ts', 'iife')
}

async function textOf(entry: string, format: Format): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], format, bundle: true, minify: true, write: false },
    ...{ platform: 'node', target: 'node20' },
  })
  return outputFiles[0]!.text.trim()
}

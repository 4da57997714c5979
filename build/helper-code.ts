import { build } from 'esbuild'

/**
 * The program of the helper as one string, minified: what delivers, or what `check` and `send` ask with. It is made here,
 * at build time, so that no bundler, minifier or coverage tool of the host can rewrite what the helper runs.
 */
export async function helperCode(entry = 'src/core/deliver/helper.ts'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'node',
    target: 'node20',
  })
  return outputFiles[0]!.text.trim()
}

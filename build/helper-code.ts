import { build } from 'esbuild'

/**
 * The helper's program as one string: `src/core/deliver/helper.ts` and what it imports, minified. It is made here, at build
 * time, so that no bundler, minifier or coverage tool of the host can rewrite what the helper runs.
 */
export async function helperCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['src/core/deliver/helper.ts'],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'node',
    target: 'node20',
  })
  return outputFiles[0]!.text.trim()
}

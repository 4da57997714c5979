import { build } from 'esbuild'
import { LIBRARY } from './paths.ts'

/** Writes a copy of the library, bundled as a tool or a plugin would have it. */
export async function bundleLibrary(outfile: string): Promise<void> {
  const stdin = { contents: `export * from ${JSON.stringify(LIBRARY)}`, resolveDir: '/' }
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', minify: true })
}

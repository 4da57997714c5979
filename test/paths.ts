import { join } from 'node:path'

/** The root of the repository. What is in `dist` is there after `npm run build`. */
export const ROOT: string = join(import.meta.dirname, '..')
/** The example tool, `trix`. */
export const TOOL: string = join(ROOT, 'examples/tool.js')
/** What `import … from 'otlp-tally'` and `'otlp-tally/cli'` load. */
export const LIBRARY: string = join(ROOT, 'dist/index.js')
export const CLI: string = join(ROOT, 'dist/cli.js')
/** The command `otlp-tally`. */
export const BIN: string = join(ROOT, 'dist/bin.js')

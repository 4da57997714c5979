// Run by a Node that strips types: `node bundle.ts <toolbox> <bundler> <variant> <entry> <folder>`. One function per
// bundler, with the settings that its documentation recommends for a Node program.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

const [tools, bundler, variant, entry, folder] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const load = createRequire(join(tools, 'index.js'))
const cjs = variant.includes('cjs')
const minify = variant.includes('minified')
const format = cjs ? 'cjs' : 'esm'
const output = join(folder, cjs ? 'tool.cjs' : 'tool.mjs')

const bundlers: Record<string, () => Promise<unknown>> = {
  esbuild: () =>
    load('esbuild').build({
      entryPoints: { tool: entry },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format,
      minify,
      keepNames: variant.includes('keepNames'),
      splitting: variant.includes('splitting'),
      outdir: folder,
      outExtension: { '.js': cjs ? '.cjs' : '.mjs' },
    }),

  async rollup() {
    const { nodeResolve } = load('@rollup/plugin-node-resolve')
    const bundle = await load('rollup').rollup({
      input: { tool: entry },
      plugins: [nodeResolve({ preferBuiltins: true })],
    })
    const names = { entryFileNames: basename(output), chunkFileNames: `[name]${cjs ? '.cjs' : '.mjs'}` }
    const { output: files } = await bundle.write({ dir: folder, format, ...names })
    if (minify)
      for (const { fileName } of files) {
        const path = join(folder, fileName)
        const options = { module: !cjs, toplevel: true, compress: { passes: 2 }, mangle: true }
        writeFileSync(path, (await load('terser').minify(readFileSync(path, 'utf8'), options)).code)
      }
  },

  webpack: () => webpack(load('webpack')),
  rspack: () => webpack(load('@rspack/core').rspack),

  vite: () =>
    load('vite').build({
      configFile: false,
      root: dirname(entry),
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: true,
        minify,
        outDir: folder,
        lib: { entry, formats: [cjs ? 'cjs' : 'es'] },
        rolldownOptions: { output: { entryFileNames: basename(output) } },
      },
    }),

  tsdown: () =>
    load('tsdown').build({
      config: false,
      cwd: dirname(entry),
      entry: { tool: entry },
      outDir: folder,
      platform: 'node',
      format,
      minify,
      dts: false,
      logLevel: 'error',
      deps: { alwaysBundle: [/./], onlyBundle: false },
    }),

  async ncc() {
    const { code, assets } = await load('@vercel/ncc')(entry, {
      minify,
      cache: false,
      quiet: true,
      esm: !cjs,
    })
    writeFileSync(output, code)
    for (const [name, { source }] of Object.entries(assets as Record<string, { source: Buffer }>))
      writeFileSync(join(folder, name), source)
  },
}

interface Stats {
  hasErrors(): boolean
  toString(): string
}
type Webpack = (config: object, done: (error: Error | null, stats: Stats) => void) => void

function webpack(pack: Webpack): Promise<void> {
  const config = {
    mode: minify ? 'production' : 'development',
    devtool: false,
    target: 'node20',
    entry: { tool: entry },
    experiments: { outputModule: !cjs },
    output: {
      path: folder,
      filename: basename(output),
      chunkFilename: `[name]${cjs ? '.cjs' : '.mjs'}`,
      ...(cjs ? {} : { module: true, chunkFormat: 'module', library: { type: 'module' } }),
    },
  }
  return new Promise((resolve, reject) =>
    pack(config, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(),
    ),
  )
}

await bundlers[bundler]!()

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Expected } from './exercise.ts'

/** What the tests run and what they expect. docs/where-it-works.md has these lists as tables. */

export const bundlers: readonly (readonly [name: string, variants: readonly string[]])[] = [
  [
    'esbuild',
    ['esm', 'esm minified', 'esm minified keepNames', 'esm minified splitting', 'cjs', 'cjs minified'],
  ],
  ['rollup', ['esm', 'esm minified', 'cjs', 'cjs minified']],
  ['webpack', ['esm', 'esm minified', 'cjs', 'cjs minified']],
  ['rspack', ['esm minified', 'cjs minified']],
  ['vite', ['esm', 'esm minified', 'cjs minified']],
  ['tsdown', ['esm minified', 'cjs minified']],
  ['ncc', ['esm', 'cjs', 'cjs minified']],
  ['bun', ['esm', 'esm minified', 'cjs minified']],
]

export type Maker = 'sea20' | 'sea26' | 'pkg' | 'pkgPackage' | 'bun'

/** `interpreter` is the name of the program that the executable was made from. The executable may have that name too. */
export const executables: readonly {
  title: string
  maker: Maker
  interpreter: string
  expected: Expected
}[] = [
  { title: 'Node 20 SEA with postject', maker: 'sea20', interpreter: 'node', expected: inline() },
  { title: 'Node 26 SEA with --build-sea', maker: 'sea26', interpreter: 'node', expected: inline() },
  { title: 'pkg --sea, of one file', maker: 'pkg', interpreter: 'node', expected: inline() },
  { title: 'pkg --sea, of a package', maker: 'pkgPackage', interpreter: 'node', expected: inline() },
  { title: 'bun build --compile', maker: 'bun', interpreter: 'bun', expected: { route: 'detached' } },
]

function inline(): Expected {
  return { route: 'inline' }
}

const { devDependencies, optionalDependencies } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'),
) as Record<string, Record<string, string>>

function version(name: string): string {
  const range = (devDependencies![name] ?? optionalDependencies![name])!
  return range.slice(range.lastIndexOf('@') + 1)
}

const packages: Record<string, string> = {
  rspack: '@rspack/core',
  ncc: '@vercel/ncc',
  bun: '@oven/bun-linux-x64',
}

/** Versions of Node on npm's registry that lack `process.getBuiltinModule`, and some of those that have it. */
export const lacking: readonly string[] = ['18.20.8', '20.0.0', '20.15.1', '22.0.0', '22.2.0']
export const later: readonly string[] = ['20.16.0', '20.20.2', '22.3.0', '22.23.3', '23.11.1', '25.9.0']

const withVersion = (name: string) =>
  `${name === 'bun' ? 'bun build' : name} ${version(packages[name] ?? name)}`

const executablesBy = (route: string) =>
  executables
    .filter(({ expected }) => expected.route === route)
    .map(({ title }) => title)
    .join('; ')

/** The rows of the first table in docs/where-it-works.md: what it is, how it was tried, who sends. */
export function worksRows(): string[][] {
  const helper = 'a helper'
  return [
    [
      `Node ${['20', '22', '24', '26'].map(major => version(`node-${major}`)).join(', ')}`,
      '`import`, `require()`',
      helper,
    ],
    [`Node ${later.join(', ')}`, '`import`, bundled', helper],
    [`Node ${lacking.join(', ')}`, '`import`, bundled', 'off: they lack `process.getBuiltinModule`'],
    [
      'Node 22, 24, 26 with `--permission`',
      'each permission missing',
      'a helper; the tool without `--allow-child-process`; off without another',
    ],
    ['Node without WebAssembly', '`--jitless`, `ulimit -v`', 'a helper, by `node:http`'],
    [`Bun ${version(packages.bun!)}`, '`import`, `require()`', helper],
    [
      `Deno ${version('@deno/linux-x64-glibc')}`,
      '`import`, `require()`, each permission missing',
      'a helper; the tool without `--allow-run`; off without another',
    ],
    ['Windows: node.exe 20.20.2 under Wine', '`import`', helper],
    [bundlers.map(([name]) => withVersion(name)).join(', '), 'ESM and CommonJS, also minified', helper],
    [executablesBy('inline'), 'also renamed', 'the tool'],
    [executablesBy('detached'), 'also renamed', helper],
  ]
}

/** The rows of the second table: where the tool itself sends, how it was tried, why. */
export const inlineRows: readonly (readonly string[])[] = [
  [
    'a single executable, except by `bun build --compile`',
    'see above',
    'it cannot be started as a plain Node',
  ],
  [
    '`node --permission` without `--allow-child-process`, Deno without `--allow-run`',
    'see above',
    'no process may be started',
  ],
  [
    'a container for one command',
    'PID 1, `docker run -t`, `tini`, `sh -c`, `npm run`, `make`',
    'the kernel kills the helper when the container ends',
  ],
  ['a container whose PID 1 reaps no orphans', 'PID 1 is `sleep`', 'each helper would stay as a zombie'],
  ['no readable /proc', '`umount /proc` in a PID namespace', 'nobody can see whether it is such a container'],
  [
    'a service of systemd',
    '`Type=oneshot`, systemd 252',
    'systemd stops what is left when the process of the service ends',
  ],
]

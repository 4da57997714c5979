import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Expected } from './exercise.ts'

/** What is run, and what must come of it. The tests go by these lists, and the table in docs/where-it-works.md is made of them. */

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

/** `interpreter`: the file may be called as one is; `node` is what a single executable application is made from. */
export const executables: readonly {
  title: string
  maker: Maker
  interpreter: string
  expected: Expected
}[] = [
  { title: 'Node SEA, Node 20 with postject', maker: 'sea20', interpreter: 'node', expected: inline() },
  { title: 'Node SEA, Node 26 with --build-sea', maker: 'sea26', interpreter: 'node', expected: inline() },
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
const routes = { detached: 'helper', inline: 'inline' }

/** Versions of Node on npm's registry that lack `process.getBuiltinModule`, and some of those that have it. */
export const lacking: readonly string[] = ['18.20.8', '20.0.0', '20.15.1', '22.0.0', '22.2.0']
export const later: readonly string[] = ['20.16.0', '20.20.2', '22.3.0', '22.23.3', '23.11.1', '25.9.0']

/** The rows of the table in docs/where-it-works.md: what it is, how it was tried, who sends. */
export function rows(): string[][] {
  return [
    ...['20', '22', '24', '26'].map(major => [
      `Node ${version(`node-${major}`)}`,
      '`import`, `require()`',
      routes.detached,
    ]),
    [`Node ${later.join(', ')}`, '`import`, bundled', routes.detached],
    [`Node ${lacking.join(', ')}`, '`import`, bundled', 'off: they lack `process.getBuiltinModule`'],
    [
      'Node 22, 24 and 26 with `--permission`',
      'each permission missing',
      'helper; inline without `--allow-child-process`; off without another, `status` says which',
    ],
    [
      'A container for one command: the tool is PID 1',
      'also with a terminal, as `docker run -t`',
      routes.inline,
    ],
    ['A container for one command: `tini`, `docker run --init`', '`tini --`, `tini -- sh -c`', routes.inline],
    [
      'A container for one command: below shells, npm, make',
      '`sh -c`, three deep, `npm run`, `make`',
      routes.inline,
    ],
    ['A container that lives on: `docker exec`', 'PID 1 is a shell', routes.detached],
    ['A container that lives on, whose PID 1 reaps nothing', 'PID 1 is `sleep`, node', routes.inline],
    ['A container: below another program, such as Python', 'node below a shell', routes.detached],
    ['A sandbox without /proc', '`umount /proc` in a PID namespace', routes.inline],
    ['A service of systemd', '`Type=oneshot`, systemd 252 as PID 1', routes.inline],
    ['No WebAssembly', '`node --jitless`, `ulimit -v 4194304` and 1500000', 'helper, by `node:http`'],
    ["`delivery: 'inline'` and `process.exit()`", 'at once, later, by an error', 'a helper, at exit'],
    [`Bun ${version(packages.bun!)}`, '`import`, `require()`', routes.detached],
    [
      `Deno ${version('@deno/linux-x64-glibc')}`,
      '`import`, `require()`; each permission missing',
      'helper; inline without `--allow-run`; off, and no question, where another permission is missing',
    ],
    ['Windows: node.exe 20.20.2 under Wine', '`import`', routes.detached],
    ...bundlers.map(([name, variants]) => [
      `${name === 'bun' ? 'bun build' : name} ${version(packages[name] ?? name)}`,
      variants.join(', '),
      routes.detached,
    ]),
    ...executables.map(({ title, expected }) => [
      title,
      'renamed too, and with `delivery: "detached"`',
      routes[expected.route],
    ]),
  ]
}

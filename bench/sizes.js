import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { FETCH, HTTP, OTEL, PACKAGES, POSTHOG, POSTHOG_MISSING } from './cases.js'
import { linesOfCode } from './lines.js'
import { table } from './statistics.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A script and all that it imports, in one minified file, with a `require` if it has CommonJS packages. */
export async function bundle(/** @type {string} */ script) {
  const { outputFiles } = await build({
    entryPoints: [script],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'none',
    logLevel: 'error',
  })
  const text = /** @type {{ text: string }} */ (outputFiles[0]).text
  return /\brequire\b|__require/.test(text)
    ? `import{createRequire as __r}from'node:module';const require=__r(import.meta.url);${text}`
    : text
}

export function sizeOf(/** @type {string} */ code) {
  return { minified: Buffer.byteLength(code), gzipped: gzipSync(code, { level: 9 }).length }
}

/**
 * The size of what an ordinary command imports, and of the package.
 * @param {string} checkout
 */
export async function coreSize(checkout) {
  const { gzipped } = sizeOf(await bundle(join(checkout, 'dist/index.js')))
  const dependencies = Object.keys(manifestOf(checkout).dependencies ?? {}).length
  const [lines, helperLines] = ['core', 'helper'].map(folder => linesOfCode(join(checkout, 'src', folder)))
  return { gzipped, lines, helperLines, installed: packedBytes(checkout), dependencies }
}

/** The bytes of the packages that a row needs and of all that they depend on, and how many packages these are. */
export function installed(/** @type {readonly string[]} */ packages, /** @type {string} */ from) {
  const folders = new Set()
  for (const name of packages) collect(name, dirname(from), folders)
  const bytes = [...folders].map(folder =>
    folder === realpathSync(ROOT) ? packedBytes(ROOT) : bytesIn(folder),
  )
  return { bytes: bytes.reduce((sum, each) => sum + each, 0), packages: folders.size }
}

/** @param {string} name @param {string} from @param {Set<string>} folders */
function collect(name, from, folders) {
  const folder = locate(name, from)
  if (!folder || folders.has(folder)) return
  folders.add(folder)
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(folder)
  // npm installs peers too, unless they are marked as optional.
  const peers = Object.keys(peerDependencies).filter(peer => !peerDependenciesMeta[peer]?.optional)
  for (const dependency of [...Object.keys(dependencies), ...peers]) collect(dependency, folder, folders)
}

/** Finds a package as Node does, or as the package that the script itself belongs to. */
function locate(/** @type {string} */ name, /** @type {string} */ from) {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return realpathSync(found)
    if (existsSync(join(folder, 'package.json')) && manifestOf(folder).name === name)
      return realpathSync(folder)
  }
  return undefined
}

const manifestOf = (/** @type {string} */ folder) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** What is published, unpacked. */
function packedBytes(/** @type {string} */ checkout) {
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-package-'))
  try {
    execFileSync(process.execPath, [join(checkout, 'build/package.js'), folder], { stdio: 'ignore' })
    return bytesIn(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {string} folder @returns {number} */
function bytesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map(entry => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? bytesIn(path) : statSync(path).size
    })
    .reduce((sum, bytes) => sum + bytes, 0)
}

/**
 * Bytes of each way to count, as installed and as bundled.
 * @param {(one: import('./cases.js').Case) => Promise<string>} fileOf
 */
export async function printSizes(fileOf) {
  const ways = {
    'otlp-tally': { script: 'tally', packages: PACKAGES.tally },
    [FETCH]: { script: 'fetch', packages: [] },
    [HTTP]: { script: 'http', packages: [] },
    [OTEL]: { script: 'otel', packages: PACKAGES.otel },
    ...(!POSTHOG_MISSING && { [POSTHOG]: { script: 'posthog', packages: PACKAGES.posthog } }),
  }
  const rows = Object.entries(ways).map(async ([name, { script, packages }]) => {
    const file = await fileOf(/** @type {import('./cases.js').Case} */ ({ script, bundled: true }))
    const { minified, gzipped } = sizeOf(readFileSync(file, 'utf8'))
    const from = join(ROOT, script === 'posthog' ? 'bench/posthog/row.js' : `bench/rows/${script}.js`)
    const all = installed(packages, from)
    return [name, ...[all.packages, all.bytes, minified, gzipped].map(thousands)]
  })
  console.log('\n### Bytes\n')
  console.log(
    table(['', 'packages', 'installed', 'bundled, minified', 'and gzipped'], await Promise.all(rows)),
  )
}

const thousands = (/** @type {number} */ value) => value.toLocaleString('en').replaceAll(',', ' ')

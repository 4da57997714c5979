import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './sizes.js'

const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * Makes the folder of a tool as npm installs it: the scripts of rows/ beside a `node_modules` with the packages that they
 * import. Returns a function from a case to its file there.
 * @param {string} folder
 * @param {string} checkout whose built `dist` is installed
 */
export function makeProject(folder, checkout) {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'otlp-tally'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  cpSync(path('rows'), folder, { recursive: true })
  cpSync(path('posthog/row.js'), join(folder, 'posthog.js'))
  // Copied, as npm does it: a package takes longer to read through a link.
  for (const part of ['package.json', 'dist'])
    cpSync(join(checkout, part), join(modules, 'otlp-tally', part), { recursive: true })
  makeEmptyPackage(join(modules, 'empty-package'))
  symlinkSync(path('../node_modules/@opentelemetry'), join(modules, '@opentelemetry'))
  symlinkSync(path('posthog/node_modules/posthog-node'), join(modules, 'posthog-node'))

  /** @type {Map<string, Promise<string>>} */
  const made = new Map()
  return (/** @type {import('./cases.js').Case} */ { script, then, bundled }) => {
    const key = [script, then, bundled].join()
    const file = made.get(key) ?? make(folder, script, then, bundled)
    made.set(key, file)
    return file
  }
}

/** With the `exports` of an ordinary package, and its file in `dist` like that of this one. */
function makeEmptyPackage(/** @type {string} */ folder) {
  mkdirSync(join(folder, 'dist'), { recursive: true })
  const manifest = {
    name: 'empty-package',
    version: '1.0.0',
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'dist/index.js'), 'export function nothing() {}\n')
}

/** @param {string} folder @param {string} script @param {string} [then] @param {boolean} [bundled] */
async function make(folder, script, then, bundled) {
  let file = join(folder, `${script}.js`)
  if (then) {
    const read = (/** @type {string} */ name) => readFileSync(path(`rows/${name}.js`), 'utf8')
    file = join(folder, `${script}-${then}.js`)
    writeFileSync(file, `${read(script)}\n${read(then)}`)
  }
  if (!bundled) return file
  const bundleFile = file.replace(/\.js$/, '.bundle.js')
  writeFileSync(bundleFile, await bundle(file))
  return bundleFile
}

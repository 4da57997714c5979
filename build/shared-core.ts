import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Plugin } from 'esbuild'

// `index.js` holds the core. `cli.js` and `bin.js` import it from there instead of having a second copy. A third file for
// the core would cost each command half a millisecond, so `index.js` exports what they need, under names that begin with
// an underscore. These are not part of the API.

const SRC = resolve('src')

/** Makes `index.js` export what the other folders import from `src/core`. */
export function exportCore(): Plugin {
  return {
    name: 'export-core',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]src[\\/]index\.ts$/ }, ({ path }) => {
        const lines = [...importedFromCore()].map(
          ([file, names]) =>
            `export { ${[...names].map(name => `${name} as _${name}`).join()} } from ${JSON.stringify(file)}`,
        )
        return { contents: [readFileSync(path, 'utf8'), ...lines].join('\n'), loader: 'ts' }
      })
    },
  }
}

/** Makes the other entry points import it from there. */
export function importCore(): Plugin {
  return {
    name: 'import-core',
    setup({ onResolve, onLoad }) {
      const imported = importedFromCore()
      onResolve({ filter: /\/core\// }, ({ path, importer }) => ({
        path: join(dirname(importer), path),
        namespace: 'core',
      }))
      onLoad({ filter: /./, namespace: 'core' }, ({ path }) => ({
        contents: `export { ${[...imported.get(path)!].map(name => `_${name} as ${name}`).join()} } from './index.js'`,
      }))
      onResolve({ filter: /./, namespace: 'core' }, ({ path }) => ({ path, external: true }))
    },
  }
}

/** The names, except for types, that the other folders import from each file of `src/core`. */
function importedFromCore(): Map<string, Set<string>> {
  const imported = new Map<string, Set<string>>()
  for (const name of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    if (name.startsWith('core') || !name.endsWith('.ts')) continue
    const importer = join(SRC, name)
    const imports = readFileSync(importer, 'utf8').matchAll(
      /^import \{([^}]+)\} from '([./]+\/core\/[^']+)'/gm,
    )
    for (const [, names, path] of imports) {
      const file = join(dirname(importer), path!)
      const known = imported.get(file) ?? new Set()
      for (const [, value] of names!.matchAll(/(?:^|,)\s*(?!type )(\w+)/g)) known.add(value!)
      imported.set(file, known)
    }
  }
  return imported
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/**
 * Writes `dist/THIRD-PARTY-LICENSES.md`: the licence of every package of which something is in a bundle, as the bundler
 * reports it.
 */
export function licences(): Plugin {
  const packages = new Set<string>()
  return {
    name: 'licences',
    setup(build) {
      build.initialOptions.metafile = true
      build.onEnd(({ metafile }) => {
        for (const { inputs } of Object.values(metafile?.outputs ?? {}))
          for (const path of Object.keys(inputs)) for (const name of packageOf(path)) packages.add(name)
        write([...packages].sort())
      })
    },
  }
}

function write(packages: readonly string[]): void {
  const sections = packages.map(name => {
    const folder = `node_modules/${name}`
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
    const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry))
    if (!file) throw new Error(`${name} ships no licence text`)
    return `## ${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`
  })
  writeFileSync(
    'dist/THIRD-PARTY-LICENSES.md',
    `# Licences of what is bundled in these files\n\n${sections.join('\n')}`,
  )
}

function packageOf(path: string): string[] {
  const [, name] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return name ? [name] : []
}

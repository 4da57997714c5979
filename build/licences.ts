import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Writes `dist/THIRD-PARTY-LICENSES.md`: the licence of every package of which something was bundled. The bundler
 * leaves the path of each file as a comment, or in the source map of what is minified, so none is forgotten and none is
 * listed that is not in it.
 */
export function writeLicences(): void {
  const bundled = readdirSync('dist').flatMap(name => {
    const text = readFileSync(`dist/${name}`, 'utf8')
    if (name.endsWith('.map')) return (JSON.parse(text) as { sources: string[] }).sources.flatMap(packageOf)
    return name.endsWith('.js')
      ? text
          .split('\n')
          .filter(line => line.startsWith('// '))
          .flatMap(packageOf)
      : []
  })
  const sections = [...new Set(bundled)].sort().map(name => {
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
  const [, name] = /(?:^\/\/ |\.\.\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return name ? [name] : []
}

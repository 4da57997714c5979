#!/usr/bin/env node
// Writes what is published into the folder `package`: the files that package.json names, types for CommonJS, and no link
// that is dead where the package is installed. Another folder, and the address of the repository, can be given.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [folder = join(root, 'package'), given] = process.argv.slice(2)

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const [{ filename }] = JSON.parse(
  run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
)
run('tar', ['xzf', join(folder, filename), '-C', folder, '--strip-components=1'])
rmSync(join(folder, filename))

const { private: _, scripts, devDependencies, ...manifest } = JSON.parse(read('package.json'))
write('package.json', `${JSON.stringify(manifest, null, 2)}\n`)
// The same types for `require`, without the comments.
for (const name of ['index', 'cli'])
  write(`dist/${name}.d.cts`, read(`dist/${name}.d.ts`).replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, ''))
const repository = given ?? manifest.repository?.url.replace(/^git\+|\.git$/g, '')
const address = repository && `${repository}/blob/v${manifest.version}`
for (const page of pages()) write(page, withoutDeadLinks(read(page), page))

/**
 * Where the repository has an address, a link to what is not in the package goes there. Where it has none, the link is
 * only its text, and a picture is left out.
 */
function withoutDeadLinks(text, page) {
  return text
    .split(/^(```[\s\S]*?^```$)/m)
    .map(part => {
      if (part.startsWith('```')) return part
      const pictures = address ? part : part.replace(/^<picture>[\s\S]*?<\/picture>\n+/gm, '')
      return pictures
        .replace(/((?:src|srcset)=")([^":]+)"/g, (_, before, path) => `${before}${address}/${path}?raw=true"`)
        .replace(
          /(!?)\[([^\]]*)\]\(([^)\s:#]+)(#[^)]*)?\)/g,
          (link, isPicture, words, target, heading = '') => {
            const path = join(dirname(page), target)
            if (existsSync(join(folder, path))) return link
            if (address)
              return `${isPicture}[${words}](${address}/${path}${isPicture ? '?raw=true' : heading})`
            return isPicture ? '' : words
          },
        )
    })
    .join('')
}

function pages() {
  return readdirSync(folder, { recursive: true }).filter(path => path.endsWith('.md'))
}

function read(path) {
  return readFileSync(join(folder, path), 'utf8')
}

function write(path, text) {
  writeFileSync(join(folder, path), text)
}

function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

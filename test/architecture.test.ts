import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const src = join(import.meta.dirname, '../src')
const ENTRY_POINTS = ['index.ts', 'cli.ts', 'bin.ts']

/** The files of `src/`, each with the files that it imports, also for their types only. */
const imports = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => [file, importsOf(file)]),
)

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'))
  return importedFiles
    .map(({ fileName }) => fileName)
    .map(name => (name.startsWith('.') ? relative(src, join(src, dirname(file), name)) : name))
}

/** `core` for `core/log/mark.ts`. An entry point stands for itself. */
const folderOf = (file: string) => file.split('/')[0]!
const folders = [...new Set([...imports.keys()].map(folderOf))].filter(name => !ENTRY_POINTS.includes(name))

/** The other folders from which a folder imports. */
function importedBy(folder: string): string[] {
  const files = [...imports].filter(([file]) => folderOf(file) === folder)
  const others = files.flatMap(([, names]) => names.filter(name => imports.has(name)).map(folderOf))
  return [...new Set(others)].filter(other => other !== folder).sort()
}

/** All else from which a folder imports. */
function packagesOf(folder: string): string[] {
  const files = [...imports].filter(([file]) => folderOf(file) === folder)
  return [...new Set(files.flatMap(([, names]) => names.filter(name => !imports.has(name))))]
}

describe('the layout of src/', () => {
  test('has three entry points at the top, and nothing else', () => {
    expect([...imports.keys()].filter(file => !file.includes('/')).sort()).toEqual([...ENTRY_POINTS].sort())
  })

  test('an ordinary command runs core, which imports from no other folder, and of packages only the TOML parser', () => {
    expect(importedBy('index.ts')).toEqual(['core'])
    expect(importedBy('core')).toEqual([])
    expect(packagesOf('core').filter(name => !name.startsWith('node:'))).toEqual(['smol-toml'])
  })

  test('the helper process runs helper, which imports from core only, and no package', () => {
    expect(importedBy('helper')).toEqual(['core'])
    expect(packagesOf('helper')).toEqual([])
  })

  test('both take the builtins of Node from core/node.ts, because an import of one costs every command 1 ms', () => {
    const importing = [...imports.keys()]
      .filter(file => ['core', 'helper'].includes(folderOf(file)))
      .filter(file => /^import .* from 'node:/m.test(readFileSync(join(src, file), 'utf8')))
    expect(importing).toEqual([])
  })

  test('no folder imports from cli or bin', () => {
    for (const folder of folders)
      expect(
        importedBy(folder).filter(name => ['cli', 'bin'].includes(name)),
        folder,
      ).toEqual([])
  })

  test('no file imports itself through others', () => {
    const done = new Set<string>()
    const circles: string[] = []
    function visit(file: string, path: string[]): void {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      else if (!done.has(file)) {
        for (const name of imports.get(file) ?? []) if (imports.has(name)) visit(name, [...path, file])
        done.add(file)
      }
    }
    for (const file of imports.keys()) visit(file, [])
    expect(circles).toEqual([])
  })
})

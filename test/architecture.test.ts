import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const src = join(import.meta.dirname, '../src')
const DOORS = ['index.ts', 'cli.ts', 'bin.ts']

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

/** `core` for `core/tally/tally.ts`; a door is a house of its own. */
const houseOf = (file: string) => file.split('/')[0]!

/** Which houses a house imports from, itself left out. */
function importedBy(house: string): string[] {
  const files = [...imports].filter(([file]) => houseOf(file) === house)
  const others = files.flatMap(([, names]) => names.filter(name => imports.has(name)).map(houseOf))
  return [...new Set(others)].filter(other => other !== house).sort()
}

describe('the layout of src/', () => {
  test('three doors and nothing else lie at the top', () => {
    expect([...imports.keys()].filter(file => !file.includes('/')).sort()).toEqual([...DOORS].sort())
  })

  test('the library imports only what an ordinary command runs', () => {
    expect(importedBy('index.ts')).toEqual(['core'])
  })

  test('what an ordinary command runs imports nothing of the other houses, and of packages only the TOML parser', () => {
    expect(importedBy('core')).toEqual([])
    const packages = [...imports]
      .filter(([file]) => houseOf(file) === 'core')
      .flatMap(([, names]) => names.filter(name => !imports.has(name) && !name.startsWith('node:')))
    expect([...new Set(packages)]).toEqual(['smol-toml'])
  })

  test("what the helper process runs is made of itself and of the core's files, and has no package in it", () => {
    expect(importedBy('helper')).toEqual(['core'])
    const outside = [...imports]
      .filter(([file]) => houseOf(file) === 'helper')
      .flatMap(([, names]) => names.filter(name => !imports.has(name)))
    expect(outside).toEqual([])
  })

  test("Node's builtins come through core/node.ts there, because an import of one costs every start of a command 1 ms", () => {
    const importing = [...imports.keys()]
      .filter(file => ['core', 'helper'].includes(houseOf(file)))
      .filter(file => /^import .* from 'node:/m.test(readFileSync(join(src, file), 'utf8')))
    expect(importing).toEqual([])
  })

  test('the houses of the two other doors do not know each other', () => {
    expect(importedBy('cli')).not.toContain('bin')
    expect(importedBy('bin')).not.toContain('cli')
  })

  test('what two houses share imports neither of them', () => {
    for (const shared of ['helper', 'body', 'report', 'exchange', 'terminal', 'files'])
      for (const house of ['cli', 'bin']) expect(importedBy(shared), shared).not.toContain(house)
  })

  test('no file imports itself by way of others', () => {
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

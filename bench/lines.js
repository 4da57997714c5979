import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * The lines of all TypeScript files in a folder that hold something but white space and comments; undefined where there
 * is no such folder. Parsed, because a regular expression takes `'https://…'` for a comment.
 */
export function linesOfCode(/** @type {string} */ folder) {
  if (!existsSync(folder)) return undefined
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => linesOf(readFileSync(join(folder, name), 'utf8')))
    .reduce((sum, lines) => sum + lines, 0)
}

function linesOf(/** @type {string} */ text) {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true)
  /** @type {Set<number>} */
  const lines = new Set()
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(file)
    for (const child of children) visit(child)
    if (children.length || node.getStart(file) === node.getEnd()) return
    // A token is on one line; a template can span several.
    const last = file.getLineAndCharacterOfPosition(node.getEnd()).line
    for (let { line } = file.getLineAndCharacterOfPosition(node.getStart(file)); line <= last; line++)
      lines.add(line)
  }
  visit(file)
  return lines.size
}

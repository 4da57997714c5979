import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

/** The code blocks of a page in `docs`, in their order. */
export function blocksOf(page: string): { language: string; code: string }[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }))
}

/** The JavaScript and TypeScript blocks of a page that are in none of these files of `examples`. Indentation is ignored. */
export function foreignBlocks(page: string, files: readonly string[]): string[] {
  const flat = (code: string) => code.replace(/^ +/gm, '')
  const sources = files.map(file => flat(readFileSync(join(root, 'examples', file), 'utf8')))
  const blocks = blocksOf(page).filter(({ language }) => /^[jt]s$/.test(language))
  return blocks.map(({ code }) => code).filter(code => !sources.some(source => source.includes(flat(code))))
}

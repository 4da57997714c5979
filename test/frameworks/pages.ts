import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

/** The code blocks of a page in `docs`, in the order in which they stand there. */
export function blocksOf(page: string): { language: string; code: string }[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }))
}

/** The code blocks of JavaScript or TypeScript that are a part of none of these files in `examples`. Indentation aside. */
export function foreignBlocks(page: string, files: readonly string[]): string[] {
  const flat = (code: string) => code.replace(/^ +/gm, '')
  const sources = files.map(file => flat(readFileSync(join(root, 'examples', file), 'utf8')))
  const blocks = blocksOf(page).filter(({ language }) => /^[jt]s$/.test(language))
  return blocks.map(({ code }) => code).filter(code => !sources.some(source => source.includes(flat(code))))
}

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
// @ts-expect-error: the scripts in build/pictures are plain JavaScript, without declarations
import { shown } from '../build/pictures/scenes.js'
import { ROOT } from './paths.ts'

const folder = join(ROOT, 'docs/pictures')
const pictures = readdirSync(folder).filter(name => name !== 'shows.json')

describe('the pictures of the docs', () => {
  test('show the names and columns of the report (`npm run pictures` makes them anew)', async () => {
    const when = JSON.parse(readFileSync(join(folder, 'shows.json'), 'utf8'))
    expect(await shown()).toEqual(when)
  })

  test('are small, light and dark, and each is in a document', () => {
    const documents = [
      'README.md',
      ...readdirSync(join(ROOT, 'docs'))
        .filter(name => name.endsWith('.md'))
        .map(name => `docs/${name}`),
    ]
    const text = documents.map(name => readFileSync(join(ROOT, name), 'utf8')).join('\n')
    expect(pictures.sort()).toEqual([
      'cost-dark.svg',
      'cost-light.svg',
      'report-dark.png',
      'report-light.png',
    ])
    for (const name of pictures) {
      expect([name, statSync(join(folder, name)).size < 300_000]).toEqual([name, true])
      expect([name, text.includes(`pictures/${name}`)]).toEqual([name, true])
    }
  })
})

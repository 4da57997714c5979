import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
// @ts-expect-error: the scripts in build/pictures are plain JavaScript, without declarations
import { shown } from '../build/pictures/scenes.js'

const folder = join(import.meta.dirname, '../docs/pictures')

describe('the pictures of the docs', () => {
  test('show the names and columns that there are now, or `npm run pictures` makes them anew', async () => {
    const when = JSON.parse(readFileSync(join(folder, 'shows.json'), 'utf8'))
    expect(await shown()).toEqual(when)
  })

  test('are each there in light and dark, and small', () => {
    const names = readdirSync(folder).filter(name => name !== 'shows.json')
    expect(names.sort()).toEqual(
      ['card', 'hero', 'listen', 'report'].flatMap(name =>
        ['dark', 'light'].map(scheme => `${name}-${scheme}.${name === 'card' ? 'svg' : 'png'}`),
      ),
    )
    for (const name of names)
      expect([name, statSync(join(folder, name)).size < 300_000]).toEqual([name, true])
  })
})

import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import { mark } from '../../src/core/log/mark.ts'
import { headRecord } from '../../src/core/log/record.ts'
import { emptyFold, type Fold, feed } from '../../src/helper/fold.ts'
import { openReader, readOn, writeCheckpoint } from '../../src/helper/reader.ts'
import { FACTOR, makeFolder, SEED } from './fuzz.ts'
import { randomOf } from './random.ts'

const root = makeFolder()
const NAMES = Array.from(
  { length: 20 },
  (_, index) => `command_invocation,command_name=build-and-more-${index}`,
)
const HEAD = headRecord([0, 0], 'an id', {
  metric: 'command_invocation',
  resource: { 'service.name': 'trix' },
})

/** Writes a log as commands and helpers do in months, with records that were cut short. Returns how many checkpoints it has. */
function writeLog(fd: number, bytes: number, random: () => number): number {
  let time = 1_800_000_000_000
  let text = `\n${HEAD}`
  let checkpoints = 0
  for (let count = 0; fstatSync(fd).size + text.length < bytes; count++) {
    text += `\n${NAMES[Math.floor(random() * NAMES.length)]} ${(time += 50)}`
    if (random() < 0.02) text += '\ncommand_invocation,command_name=build 18000'
    if (random() < 0.001) text += '\n!sum 1 12 {"head":{"id"'
    if (random() < 0.3) {
      text += `\n!send n${count} 0 3000 ${(time += 3001)}`
      const what = ['taken', 'refused', 'unknown', undefined][Math.floor(random() * 4.4) % 4]
      if (what) text += `\n!${what} n${count} 200 ${(time += 50)}`
    }
    if (text.length < Math.max(3000, bytes / 250)) continue
    writeSync(fd, text, null, 'latin1')
    text = ''
    const { size } = fstatSync(fd)
    writeCheckpoint(openReader(fd))
    if (fstatSync(fd).size > size) checkpoints++
  }
  writeSync(fd, text, null, 'latin1')
  return checkpoints
}

/** A fold as text, without what a checkpoint leaves out because it is undefined. */
const plain = ({ series, open, result, lastNonce, ...rest }: Fold) =>
  JSON.stringify({ ...rest, series: [...series], open, result, lastNonce })

test.each([0.01, 0.3, 1, 16])(
  'a log of %d MiB has the same fold from its last checkpoint as from its beginning, wherever it ends',
  mib => {
    const path = join(root, `${mib}.log`)
    const fd = openSync(path, 'a+')
    const random = randomOf(SEED)
    const checkpoints = writeLog(fd, mib * 2 ** 20, random)
    expect(checkpoints).toBeGreaterThanOrEqual(Math.floor(mib * 3))
    const text = readFileSync(path, 'latin1')
    const ends = Array.from({ length: 100 * FACTOR }, (_, index) =>
      index < 150 ? text.length - index : Math.floor(random() * text.length),
    )
    // The whole folds of these prefixes, in one pass.
    const whole = emptyFold()
    let at = 0
    for (const end of ends.sort((a, b) => a - b)) {
      at += feed(whole, text.slice(at, end))
      const read = openReader(fd, end)
      expect(plain(read.fold) === plain(whole), `${end} bytes, FUZZ_SEED=${SEED}`).toBe(true)
      // A reader goes on from there.
      if (end > text.length - 2000) expect(plain(readOn(read))).toBe(plain(openReader(fd).fold))
    }
    const full = emptyFold()
    const before = performance.now()
    feed(full, text)
    const between = performance.now()
    for (let times = 0; times < 20; times++) openReader(fd)
    const after = performance.now()
    expect(plain(openReader(fd).fold)).toBe(plain(full))
    closeSync(fd)
    const took = [between - before, (after - between) / 20].map(ms => ms.toFixed(1))
    console.log(
      `${mib} MiB, ${full.total} marks, ${checkpoints} checkpoints: ${took[0]} ms whole, ${took[1]} ms from the last`,
    )
  },
)

test('what a mark costs', () => {
  const path = join(root, 'marks.log')
  const add = () => mark(path, NAMES[0]!, Date.now(), 0, () => HEAD)
  for (let times = 0; times < 300; times++) add()
  const before = performance.now()
  for (let times = 0; times < 2000; times++) add()
  console.log(`a mark: ${((performance.now() - before) / 2).toFixed(0)} µs`)
  expect(feedAll(path).total).toBe(2300)
})

function feedAll(path: string): Fold {
  const fold = emptyFold()
  feed(fold, readFileSync(path, 'latin1'))
  return fold
}

import { emptyDisk } from './disk.ts'
import type { Changes } from './library.ts'
import { type Command, COPY, FIRST, HOME, type Scenario, withFingerprint } from './model.ts'

const x: Command = { series: 'x' }
const y: Command = { series: 'y' }
const OTHER = 'http://f'
/** What an earlier version has counted, days ago. */
const old: Command = { series: 'x', version: '0.9.0', ago: 900_000_000 }

/** Those of the first sketch, each to its end. */
export const first: Readonly<Record<string, Scenario>> = {
  'two first commands': { commands: [x, x], budget: { unknown: 2 }, tries: 2 },
  'two, series with marks': { before: [x, x], commands: [x, y], budget: { unknown: 2 }, tries: 2 },
  'two, time passes': { before: [x], commands: [x, x], budget: { unknown: 1 }, ticks: [4000] },
  'two, long and back': {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1 },
    ticks: [70_000, -3_600_000],
    later: 7_200_000,
  },
  'two and a power cut': { before: [x], commands: [x, x], budget: { unknown: 1, cut: 1 } },
  'two, torn, EIO': { before: [x], commands: [x, x], budget: { unknown: 1, torn: 1, EIO: 1 } },
  'two, clear': { before: [x], commands: [x, x], budget: { unknown: 1, clear: 1 } },
  'two, set aside twice': { before: [x], commands: [x, x], budget: { unknown: 1, aside: 2 } },
  'two, an older log': { before: [old, old, x], commands: [x, x], budget: { unknown: 1 } },
  'two endpoints, an older log': {
    before: [old, old],
    commands: [x, { ...x, endpoint: OTHER }],
    budget: { unknown: 1 },
  },
  three: { commands: [x, x, x], budget: { unknown: 1 }, marksAtOnce: true },
  'three and a marker, time': {
    before: [x],
    commands: [x, x, { ...x, silent: true }],
    budget: { unknown: 1 },
    ticks: [4000],
    marksAtOnce: true,
  },
}

export { FIRST }

/** Small logs have checkpoints, as long ones do in the library. */
export const OFTEN: Changes = { 'helper/reader.ts': [['2 ** 18', '300']] }

/** What else may happen to a log. */
export const more: Readonly<Record<string, Scenario>> = {
  'three on two begun series': {
    before: [x, y],
    commands: [x, y, { ...x, silent: true }],
    budget: { unknown: 1 },
    ticks: [4000],
  },
  'an upgrade': {
    before: [old, { ...old, series: 'y' }],
    commands: [x, { series: 'x', version: '0.9.0' }],
    budget: { unknown: 1, aside: 1 },
  },
  'an upgrade and a power cut': {
    before: [old],
    commands: [x, { series: 'x', version: '0.9.0' }],
    budget: { unknown: 1, cut: 1 },
  },
  'a copied home': {
    before: [x],
    commands: [x, { ...x, home: COPY }],
    budget: { unknown: 1, copy: 1 },
  },
  'damage': { before: [x, x], commands: [x, x], budget: { unknown: 1, damage: 1 } },
  'exit': { before: [x], commands: [x, x], budget: { unknown: 1, exit: 2 } },
  'a power cut when it is all new': { commands: [x, x], budget: { unknown: 1, cut: 1, aside: 1 } },
  'a clear and a set-aside': { before: [x], commands: [x, x], budget: { clear: 1, aside: 1 } },
  'disable': { before: [x], commands: [x, x], disable: true },
  'disable, when it is all new': { commands: [x, x], disable: true, prepare: () => emptyDisk },
  'a fingerprint that ended': {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1 },
    prepare: disk => withFingerprint(disk, HOME, 'e'.repeat(64)),
    mayMiss: true,
  },
  'an interval': { before: [x], commands: [x, x, x], ticks: [4000, 70_000], intervalMs: 60_000 },
}

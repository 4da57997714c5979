import { type Disk, emptyDisk, withText } from './disk.ts'
import { withFingerprint } from './happenings.ts'
import type { Changes } from './library.ts'
import { CLOCK, COPY, type Command, type Scenario } from './scenario.ts'

const x: Command = { series: 'x' }
const y: Command = { series: 'y' }
const OTHER = 'http://f'
/** What an earlier version has counted days ago. */
const old: Command = { series: 'x', version: '0.9.0', ago: 900_000_000 }

/** Small enough to try every order. */
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

/** Small logs get checkpoints, which only long ones have in the library. */
export const OFTEN: Changes = { 'helper/reader.ts': [['2 ** 18', '300']] }

/** And small logs are full. */
const FULL: Changes = { ...OFTEN, 'core/log/record.ts': [['2 ** 24', '450']] }

/** Of these a small machine tries only a part of the orders. */
export const more: Readonly<Record<string, Scenario>> = {
  'three on two begun series': {
    delivered: [x, y],
    commands: [x, y, { ...x, silent: true }],
    budget: { unknown: 1 },
    ticks: [4000],
    marksAtOnce: true,
  },
  'an upgrade': {
    before: [old, { ...old, series: 'y' }],
    commands: [x, { series: 'x', version: '0.9.0' }],
    budget: { unknown: 1, aside: 1 },
  },
  'an older log that is too large': { before: [old, x], commands: [x, y], budget: { '413': 1, unknown: 1 } },
  'exit, an older log': { before: [old, x], commands: [x, x], budget: { exit: 1 } },
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
  damage: { before: [x, x], commands: [x, x], budget: { unknown: 1, damage: 1 } },
  exit: { before: [x], commands: [x, x], budget: { unknown: 1, exit: 2 } },
  'a power cut after a first command': { commands: [x, x], budget: { unknown: 1, cut: 1, aside: 1 } },
  'a clear and a set-aside': { before: [x], commands: [x, x], budget: { clear: 1, aside: 1 } },
  disable: { before: [x], commands: [x, x], disable: true },
  'disable after a first command': { commands: [x, x], disable: true, prepare: () => emptyDisk },
  'disable, and a new log cannot be written': {
    commands: [x, x],
    budget: { torn: 1, EIO: 1 },
    disable: true,
    prepare: () => emptyDisk,
  },
  'checkpoints of another format': {
    before: [x],
    commands: [x, x],
    changes: OFTEN,
    prepare: disk =>
      appended(disk, size => `!sum 2 ${size} {"time":0,"total":0,"taken":0,"series":[],"last":""}`),
  },
  checkpoints: { before: [x], commands: [x, x], budget: { unknown: 1 }, changes: OFTEN, slow: true },
  'checkpoints, time passes': {
    before: [x],
    commands: [x, y],
    budget: { unknown: 1 },
    ticks: [4000],
    changes: OFTEN,
  },
  'checkpoints and a power cut': {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1, cut: 1 },
    changes: OFTEN,
  },
  'checkpoints that are torn, EIO': {
    before: [x],
    commands: [x, x],
    budget: { torn: 2, EIO: 1 },
    changes: OFTEN,
    slow: true,
  },
  'a checkpoint that was torn': {
    before: [x],
    commands: [x, x],
    changes: OFTEN,
    prepare: disk => appended(disk, size => `!sum 1 ${size} {"time":0,"total":0,"ta`),
  },
  'two series, time passes': { before: [x], commands: [x, y], budget: { unknown: 1 }, ticks: [4000] },
  'a clock that is set back a minute': {
    delivered: [{ ...x, ago: 120_000 }],
    commands: [x, x],
    budget: { unknown: 1 },
    ticks: [-60_000],
  },
  'a fingerprint that ended': {
    before: [x],
    commands: [x, x],
    budget: { unknown: 1 },
    prepare: disk => withFingerprint(disk, 'e'.repeat(64)),
    mayMiss: true,
  },
  'logs that are full': {
    before: [x, x],
    commands: [x, y, x],
    budget: { unknown: 1 },
    changes: FULL,
    marksAtOnce: true,
  },
  'an interval': { before: [x], commands: [x, x, x], ticks: [4000, 70_000], intervalMs: 60_000 },
}

/** The disk with one more record in its log. */
function appended(disk: Disk, record: (size: number) => string): Disk {
  const [, ino] = [...disk.names].find(([name]) => name.endsWith('.log'))!
  const { text } = disk.files[ino]!
  return withText(disk, ino, `${text}\n${record(text.length)}`, CLOCK)
}

/** So many processes that only random orders are tried. */
export const crowds: readonly Scenario[] = [
  {
    ...{ before: [x, x], commands: [x, y, x, y, { ...x, silent: true }], tries: 2 },
    ...{ budget: { unknown: 2, cut: 1 }, ticks: [4000, 70_000] },
  },
  {
    ...{ delivered: [x], before: [x], commands: [x, x, y, x], tries: 2, later: 7_200_000 },
    ...{ budget: { unknown: 2, aside: 2, exit: 1 }, ticks: [4000, -3_600_000] },
  },
  {
    ...{ before: [old, old, x], commands: [x, x, { ...x, endpoint: OTHER }, y], tries: 2 },
    ...{ budget: { unknown: 2, cut: 1, '413': 1 }, ticks: [70_000] },
  },
  {
    ...{ commands: [x, x, x, x], tries: 2, budget: { unknown: 2, torn: 1, EIO: 1, clear: 1 }, ticks: [4000] },
  },
  { ...{ before: [x], commands: [x, y, x, x], tries: 3, budget: { unknown: 1 }, slow: true, changes: FULL } },
  {
    ...{ delivered: [x, y], before: [x], commands: [x, { ...x, home: COPY }, y, x], ticks: [-60_000] },
    ...{ budget: { unknown: 1, copy: 1, damage: 1, cut: 1 }, changes: OFTEN },
  },
  { ...{ before: [old, x], commands: [x, y, { ...x, version: '0.9.0' }], disable: true, slow: true } },
]

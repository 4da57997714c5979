import { EARLIEST } from '../../../src/core/version.ts'
import type { Disk } from './disk.ts'
import type { Changes } from './library.ts'

/** Commands that run at once, and what may happen to them. */
export interface Scenario {
  commands: readonly Command[]
  /** Commands that have run, and were delivered. */
  delivered?: readonly Command[]
  /** Commands that have run, and were not. */
  before?: readonly Command[]
  /** How often each of these may happen. */
  budget?: Partial<Record<Event, number>>
  /** The times that may pass meanwhile, in ms, in this order. */
  ticks?: readonly number[]
  /** How often each waits while another process sends; once by default. */
  tries?: number
  /** The user says no meanwhile. */
  disable?: boolean
  /** The disk before all this. */
  prepare?: (disk: Disk) => Disk
  /** Something is lost, as docs/exactness.md says. */
  mayMiss?: boolean
  /** When the last, healthy commands run, in ms after all else: by then no helper lives, and no claim. */
  later?: number
  intervalMs?: number
  /** A command is not held between its calls, only its helper: for what would take too long otherwise. */
  marksAtOnce?: boolean
  /** What a process reads after a change of its own, it reads later. */
  slow?: boolean
  /** Of the library's sources. */
  changes?: Changes
}

export type Event =
  | ('unknown' | '413' | 'exit' | 'torn' | 'EIO')
  | ('cut' | 'clear' | 'aside' | 'copy' | 'damage')

export interface Command {
  series: string
  /** It starts no helper. */
  silent?: boolean
  endpoint?: string
  version?: string
  /** Before the beginning, in ms. */
  ago?: number
  home?: string
}

/** A state that must not be. */
export class Counterexample extends Error {}

export const HOME = '/s'
/** What the home is copied to. */
export const COPY = '/c'
export const FIRST = 'http://e'
export const CLOCK: number = EARLIEST + 100 * 86_400_000
export const TIMEOUT_MS = 2000
/** Of a claim. */
export const LIFE_MS = 3000

/** Under which a command's marks are compared with what arrives. */
export function nameOf({ endpoint = FIRST, series }: Command): string {
  return `${endpoint} ${series}`
}

import { EARLIEST } from '../../../src/core/version.ts'
import type { Disk } from './disk.ts'
import type { Changes } from './library.ts'

/** Commands that run at the same time, and what may happen to them. */
export interface Scenario {
  commands: readonly Command[]
  /** Commands that have run before and were delivered. */
  delivered?: readonly Command[]
  /** Commands that have run before and were not delivered. */
  before?: readonly Command[]
  /** How often each of these may happen. */
  budget?: Partial<Record<Event, number>>
  /** How much time may pass, in ms, in this order. */
  ticks?: readonly number[]
  /** How often each waits while another process sends. Once by default. */
  tries?: number
  /** The user says no at some moment. */
  disable?: boolean
  /** The disk before all this. */
  prepare?: (disk: Disk) => Disk
  /** Something is lost, as docs/exactness.md says. */
  mayMiss?: boolean
  /** When the healthy commands run, in ms after all else. By then no helper runs, and no claim is valid. */
  later?: number
  intervalMs?: number
  /** Only helpers are held, and commands are not, because that would take too long. */
  marksAtOnce?: boolean
  /** A process is held between a change and its next read too. */
  slow?: boolean
  /** Changes to the sources of the library. */
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

/** A wrong state. */
export class Counterexample extends Error {}

export const HOME = '/s'
/** Where the home is copied to. */
export const COPY = '/c'
export const FIRST = 'http://e'
export const CLOCK: number = EARLIEST + 100 * 86_400_000
export const TIMEOUT_MS = 2000
/** How long a claim is valid. */
export const LIFE_MS = 3000

/** The name under which marks are compared with what arrives. */
export function nameOf({ endpoint = FIRST, series }: Command): string {
  return `${endpoint} ${series}`
}

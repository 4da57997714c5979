import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { WRITTEN } from '../../src/core/version.ts'
import { settle } from '../../src/helper/beginnings.ts'
import { strictDecode } from '../strict-decode.ts'
import { openBatch, requestOf } from './fuzz.ts'

export const NOW: number = WRITTEN + 100 * 86_400_000 + 885
export const MARK = 14

export interface Scribble {
  kind: 'overwrite' | 'truncate' | 'append' | 'empty' | 'remove' | 'folder'
  /** Which file, where in it and how much, as parts of a thousand. */
  file: number
  at: number
  bytes: Uint8Array
}

export interface Step {
  /** How far the clock has moved since the step before. */
  clock: number
  commands: string[]
  explicit: boolean
  /** Between counting and sending; the helper starts when the command ends. */
  runsFor: number
  /** What becomes of the request. `killed`: so is its helper, and its note stays. */
  answer: 'accepted' | 'refused' | 'killed'
  scribble: Scribble | undefined
  midway: Scribble | undefined
}

interface Point {
  start: bigint
  time: bigint
  value: bigint
}

/** Every point of a body under the name of its series. */
function pointsOf(text: string): [series: string, Point][] {
  const body = JSON.parse(text)
  strictDecode(body)
  const [{ resource, scopeMetrics }] = body.resourceMetrics
  const instance = JSON.stringify(resource.attributes)
  return scopeMetrics[0].metrics.flatMap(
    ({ name, sum }: { name: string; sum: { dataPoints: Record<string, unknown>[] } }) =>
      sum.dataPoints.map(point => [
        `${instance} ${name} ${JSON.stringify(point.attributes)}`,
        {
          start: BigInt(point.startTimeUnixNano as string),
          time: BigInt(point.timeUnixNano as string),
          value: BigInt(point.asInt as string),
        },
      ]),
  )
}

/** One state folder that is used, and scribbled over, and what of it has been sent. */
export class Installation {
  readonly home: string
  readonly state: string
  /** The largest size that a tally had, by inode: fewer whole marks than that is the one damage that cannot be seen. */
  readonly sizes: Map<number, number> = new Map()
  /** Tallies whose first mark is not ours any more, so neither is their start. */
  readonly foreign: Set<string> = new Set()
  readonly last: Map<string, Point & { upsets: number }> = new Map()
  clock = 0
  /** How often the clock was set back, or a file was damaged: marks that are seen no more make the time earlier. */
  upsets = 0
  bodies = 0
  refused = 0

  constructor(root: string) {
    this.home = root
    this.state = join(root, '.local/state/trix')
    rmSync(root, { recursive: true, force: true })
    mkdirSync(this.state, { recursive: true })
    appendFileSync(join(this.state, 'notice'), '1\n')
  }

  files(): string[] {
    return readdirSync(this.state, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name))
      .sort()
  }

  run({ commands, explicit, runsFor, answer, midway }: Step, now: number): void {
    if (now < this.clock) this.upsets++
    const env = { HOME: this.home, ...(explicit && { TRIX_TELEMETRY: 'on' }) }
    const options = { name: 'trix', version: '1.0.0', endpoint: 'http://127.0.0.1:9' }
    const batch = openBatch(options, env, now - 40)
    for (const [index, command] of commands.entries()) {
      const series = { metric: 'command_invocation', attributes: { command_name: command } }
      // The layer above catches what these two throw: nothing is counted or sent then.
      this.attempt(() => batch.count(series, now + index))
    }
    this.measure()
    if (midway) this.scribble(midway)
    const end = now + commands.length + runsFor
    this.clock = end
    this.attempt(() => {
      const request = requestOf(batch, end, true)
      if (!request) return
      if (answer !== 'refused') this.receive(request.text)
      if (request.note && answer !== 'killed') settle(request.note, answer === 'refused')
    })
  }

  attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      // An assertion of ours, or of the strict decoder, is not what may happen here.
      if (
        !/^(E[A-Z]+:|the fingerprint|a tally is|it is |the stream |The encoded data)/.test(
          (error as Error).message,
        )
      )
        throw error
      this.refused++
    }
  }

  receive(body: string): void {
    this.bodies++
    const points = pointsOf(body)
    for (const [series, point] of points) {
      // A zero that begins a series; after a count of the same start it would be counted twice.
      if (point.value === 0n && !this.last.has(`${series} ${point.start}`)) continue
      if (this.foreign.size && [...this.foreign].some(name => series.includes(name))) continue
      const key = `${series} ${point.start}`
      const before = this.last.get(key)
      expect(point.time > point.start, 'a time after the start').toBe(true)
      expect(point.start > 0n, 'a start that is known').toBe(true)
      if (before) {
        expect(point.value >= before.value, `a smaller value under the same start: ${key}`).toBe(true)
        // It is made of marks, and nothing else is stored of what was sent.
        if (this.upsets === before.upsets)
          expect(point.time >= before.time, `a time that went back: ${key}`).toBe(true)
      }
      this.last.set(key, { ...point, upsets: this.upsets })
    }
  }

  measure(): void {
    for (const path of this.files()) {
      const { ino, size } = statSync(path)
      this.sizes.set(ino, Math.max(size, this.sizes.get(ino) ?? 0))
    }
  }

  scribble({ kind, file, at, bytes }: Scribble): void {
    const files = this.files()
    const path = files[Math.floor((file * files.length) / 1000)]
    if (!path) return
    // That a series has begun, or that its body is under way, is said by a file alone.
    if (kind === 'remove' && path.includes('!')) return
    this.upsets++
    const stats = statSync(path)
    const place = Math.floor((at * (stats.size + 1)) / 1000)
    if (kind === 'remove' || kind === 'folder') rmSync(path)
    if (kind === 'folder') mkdirSync(path)
    if (kind === 'remove' || kind === 'folder') return
    const fd = openSync(path, 'r+')
    if (kind === 'truncate') ftruncateSync(fd, place)
    if (kind === 'empty') ftruncateSync(fd, 0)
    if (kind === 'append') writeSync(fd, bytes, 0, bytes.length, stats.size)
    if (kind === 'overwrite') {
      writeSync(fd, bytes, 0, bytes.length, place)
      // It may by chance be a start that this series has had, and then it is not the library that repeats it.
      if (place < MARK) this.foreign.add(commandOf(path))
    }
    closeSync(fd)
    this.refuseLostMarks(path, stats)
    // Found after 230,000 cases: a mark that was added here, sent, and cut off again leaves a tally that looks whole.
    this.measure()
  }

  /** Fewer marks, but whole ones, are no damage that anybody could see; so this one is made visible. */
  refuseLostMarks(path: string, { ino }: Stats): void {
    const { size } = statSync(path)
    if (size > 0 && size % MARK === 0 && size < (this.sizes.get(ino) ?? 0)) appendFileSync(path, 'x')
  }
}

/** As it is in a body: `"stringValue":"build"`. */
function commandOf(path: string): string {
  const name = decodeURIComponent(/command_name=([^~/]*)/.exec(path)?.[1] ?? 'no tally')
  return `"stringValue":"${name}"`
}

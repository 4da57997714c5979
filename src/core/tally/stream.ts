import { crypto, fs, SEP } from '../node.ts'
import type { TelemetryOptions } from '../options.ts'
import { makeFolder, namesIn, parentOf, readLine, setAside, writeBeside } from './files.ts'
import { fileName, parseSeries } from './series.ts'
import { append } from './tally.ts'

/**
 * A stream is a folder: the counts of one installation with one exact set of resource attributes, because a changed
 * attribute is a new series in many backends, and a count carried over would be counted twice. What is counted under
 * `local` is in streams of its own, which have no id and are in no body that is sent by itself.
 */

/** Per stream. A tool with more has something in its attributes that is not an attribute. */
export const MAX_SERIES = 128
const MAX_AGE_MS = 180 * 24 * 3_600_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The folder of the stream of this version and whatever else its resource attributes are made of. */
export function streamFolder(
  { name, version, resourceAttributes = {} }: TelemetryOptions,
  state: string,
  fingerprint: string | undefined,
): string {
  const identity = JSON.stringify([version, name, fingerprint, Object.entries(resourceAttributes).sort()])
  // FNV-1a: 32 bits keep a handful of folders apart. A cryptographic hash would load `node:crypto` in every run.
  let hash = 0x811c9dc5
  for (let i = 0; i < identity.length; i++) hash = Math.imul(hash ^ identity.charCodeAt(i), 0x01000193)
  const kind = fingerprint === undefined ? 'local' : 'tallies'
  return [state, kind, `${fileName(version)}-${(hash >>> 0).toString(16).padStart(8, '0')}`].join(SEP)
}

/** The `service.instance.id` of a stream; undefined where there is no stream, or one without a valid id. */
export function readInstance(folder: string): string | undefined {
  try {
    const line = readLine(`${folder}${SEP}instance`)
    return line && UUID.test(line) ? line : undefined
  } catch (error) {
    // A system error may be gone in the next run; invalid content will not be.
    if ((error as NodeJS.ErrnoException).syscall) throw error
    return undefined
  }
}

/** The same, made where there is none; `made` is called then. Throws where it cannot be stored. */
export function ensureInstance(folder: string, now: number, made?: () => void): string {
  const stored = readInstance(folder)
  if (stored) return stored
  makeStream(folder, now)
  made?.()
  return readInstance(folder)!
}

/** Made under another name, then renamed: of many first runs at once one wins, whole, and the others take it. */
function makeStream(folder: string, now: number): void {
  const parent = parentOf(folder)
  const instance = crypto().randomUUID()
  const temporary = `${parent}${SEP}.${instance}`
  const path = `${temporary}${SEP}instance`
  try {
    writeBeside(
      path,
      () => instance,
      written => fs.renameSync(written, path),
    )
    // A stream without its id: its counts must not be continued under another, or they would be counted twice.
    const old = fs.statSync(folder, { throwIfNoEntry: false })
    if (old && !readInstance(folder)) setAside(folder, old)
    fs.renameSync(temporary, folder)
  } catch (error) {
    fs.rmSync(temporary, { recursive: true, force: true })
    if (!readInstance(folder)) throw error
  }
  removeOldStreams(parent, now, folder)
}

function removeOldStreams(parent: string, now: number, made: string): void {
  for (const name of namesIn(parent)) {
    const folder = `${parent}${SEP}${name}`
    // The disk may have another clock than we.
    if (folder === made) continue
    try {
      const touched = ['', ...list(folder)].map(path => fs.statSync(`${folder}${SEP}${path}`).mtimeMs)
      if (Math.max(...touched) < now - MAX_AGE_MS) fs.rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another process is using this stream; a later run removes it.
    }
  }
}

/** The paths of all files and folders below a stream's folder, with `/` on every platform. Follows no symlink. */
export function list(folder: string, below = ''): string[] {
  return fs.readdirSync(`${folder}${SEP}${below}`, { withFileTypes: true }).flatMap(entry => {
    const path = below + entry.name
    return entry.isDirectory() ? [path, ...list(folder, `${path}/`)] : path
  })
}

/**
 * Counts one invocation in a stream. False while a burst lasts and this one need not be sent. Throws where it cannot be
 * stored, a `RangeError` where there are too many series.
 */
export function count(folder: string, path: string, now: number, local: boolean): boolean {
  return append(`${folder}${SEP}${path}`, now, () => {
    // A stream that was cleared while we run must not come back without its id.
    if (!local && !readInstance(folder)) throw new RangeError('the stream is gone')
    if (local) makeFolder(folder)
    if (list(folder).filter(parseSeries).length >= MAX_SERIES)
      throw new RangeError(`there are ${MAX_SERIES} series already`)
    makeFolder(parentOf(`${folder}${SEP}${path}`))
  })
}

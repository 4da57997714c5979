import type { Attributes } from '../names.ts'
import type { TelemetryOptions } from '../options.ts'
import { ensureFingerprint, makeFingerprint, readFingerprint } from './fingerprint.ts'
import { memoryStream } from './memory-stream.ts'
import { ensureStream, findStream, type Stream, streamFolder } from './stream.ts'

/** Who counts: the installation's identity as resource attributes, and the stream with its counts. */
export interface Installation {
  fingerprint: string
  stream: Stream
}

/** The installation as it is stored in the state folder, made now where there is none. Throws where it cannot be. */
export function ensureInstallation(options: TelemetryOptions, state: string, now: number): Installation {
  const fingerprint = ensureFingerprint(state)
  return { fingerprint, stream: ensureStream(folderOf(options, state, fingerprint), now) }
}

/** The installation as far as it is stored; undefined parts do not exist yet. Writes nothing. */
export function findInstallation(options: TelemetryOptions, state: string): Partial<Installation> {
  const fingerprint = readFingerprint(state)
  const stream = fingerprint && findStream(folderOf(options, state, fingerprint))
  return { ...(fingerprint && { fingerprint }), ...(stream && { stream }) }
}

/** An installation in memory: on top of what is stored, or, where nothing is, one of this process alone. */
export function memoryInstallation(stored: Partial<Installation> = {}): Installation {
  return { fingerprint: stored.fingerprint ?? makeFingerprint(), stream: memoryStream(stored.stream) }
}

/** The resource attributes of everything that this installation sends, in the order in which they are sent. */
export function resourceOf(options: TelemetryOptions, { fingerprint, stream }: Installation): Attributes {
  return {
    'service.name': options.name,
    'service.version': options.version,
    'service.instance.id': stream.instance,
    'user.fingerprint': fingerprint,
    ...options.resourceAttributes,
  }
}

/** The folder of the stream of this version with these resource attributes. */
export function folderOf(
  { name, version, resourceAttributes = {} }: TelemetryOptions,
  state: string,
  fingerprint: string,
): string {
  return streamFolder(state, version, [name, fingerprint, Object.entries(resourceAttributes).sort()])
}

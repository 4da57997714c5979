import { SEP } from '../node.ts'
import type { Attributes } from '../vocabulary.ts'
import type { HeadDraft } from './record.ts'

/** Folders of logs below the state folder. Those counted in mode `local` are apart, and nothing sends them. */
export const LOGS = 'v1'
export const LOCAL = 'v1/local'

/**
 * The file name of a log: `0.19.3-1a2b3c4d-5e6f7a8b.log`. A log belongs to one version, one endpoint and one set of
 * resource attributes. A changed attribute is a new series in many backends, and if the old count went on in it, it
 * would be counted twice. What was counted for one endpoint never goes to another.
 *
 * At most 86 bytes, 95 once set aside: eCryptfs allows 143. The version is in lower case because some file systems
 * ignore case; the second hash includes it as it was given.
 */
export function logName(version: string, url: string, metric: string, resource: Attributes): string {
  const attributes = JSON.stringify([metric, ...Object.entries(resource).sort()])
  return `${version.toLowerCase()}-${endpointHash(url)}-${hash(attributes)}.log`
}

/** By which the name of a log tells its endpoint. */
export function endpointHash(url: string): string {
  return hash(url)
}

/** The path of the log to which a command appends, for an endpoint or, without a URL, for `local`. */
export function logPath(
  stateFolder: string,
  version: string,
  url: string | undefined,
  { metric, resource }: HeadDraft,
): string {
  const name = logName(version, url ?? 'local', metric, resource)
  return [stateFolder, url === undefined ? LOCAL : LOGS, name].join(SEP)
}

/**
 * The parts of a log's name; undefined for any other file. `aside` is the random suffix of a log that was set aside.
 */
export function parseLogName(name: string): { endpoint: string; aside: string } | undefined {
  const [, endpoint, aside = ''] = /^[\w.+-]+-([0-9a-f]{8})-[0-9a-f]{8}\.log(?:~(\w+))?$/.exec(name) ?? []
  return endpoint ? { endpoint, aside } : undefined
}

/**
 * FNV-1a: its 32 bits are enough for a handful of files, and a cryptographic hash would load `node:crypto` in each run.
 */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}

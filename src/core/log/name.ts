import type { Attributes } from '../vocabulary.ts'

/** The folder of the logs, below the state folder; those of `local` have one of their own, which nothing sends. */
export const LOGS = 'v1'
export const LOCAL = 'v1/local'

/**
 * The file of a stream: `0.19.3-1a2b3c4d-5e6f7a8b.log`. A log belongs to one version, one endpoint and one set of
 * resource attributes: a changed attribute is a new series in many backends, and a count that was carried over would be
 * counted twice; what was counted for one endpoint never goes to another.
 *
 * At most 86 bytes, 95 once set aside: eCryptfs allows 143. The version is in lower case, since a disk may ignore case; the
 * second hash includes it as it was given.
 */
export function logName(version: string, url: string, metric: string, resource: Attributes): string {
  const attributes = JSON.stringify([metric, ...Object.entries(resource).sort()])
  return `${version.toLowerCase()}-${hash(url)}-${hash(attributes)}.log`
}

/**
 * The parts of a log's name; undefined for any other file. `aside` is the random suffix of a log that was set aside.
 */
export function parseLogName(name: string): { endpoint: string; aside: string } | undefined {
  const [, endpoint, aside = ''] = /^[\w.+-]+-([0-9a-f]{8})-[0-9a-f]{8}\.log(?:~(\w+))?$/.exec(name) ?? []
  return endpoint ? { endpoint, aside } : undefined
}

/** FNV-1a: 32 bits keep a handful of files apart. A cryptographic hash would load `node:crypto` in every run. */
function hash(text: string): string {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return (value >>> 0).toString(16).padStart(8, '0')
}

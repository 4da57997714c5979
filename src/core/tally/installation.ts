import { crypto } from '../node.ts'
import type { TelemetryOptions } from '../options.ts'
import type { Attributes } from '../vocabulary.ts'
import { ensureFingerprint, makeFingerprint, readFingerprint } from './fingerprint.ts'
import { ensureInstance, readInstance, streamFolder } from './stream.ts'

/** Who counts: the installation's identity, and the folder of its counts. */
export interface Installation {
  fingerprint: string
  /** `service.instance.id`, a random UUID that lives and dies with the counts. */
  instance: string
  /** Undefined for an installation of this process alone. */
  folder?: string
}

/**
 * The installation as it is stored in the state folder, made now where there is none; `made` is called then. Throws
 * where it cannot be stored.
 */
export function ensureInstallation(
  options: TelemetryOptions,
  state: string,
  now: number,
  made?: () => void,
): Installation {
  const fingerprint = ensureFingerprint(state, now, made)
  const folder = streamFolder(options, state, fingerprint)
  return { fingerprint, folder, instance: ensureInstance(folder, now, made) }
}

/** The installation as far as it is stored and can be used. Writes nothing. */
export function findInstallation(
  options: TelemetryOptions,
  state: string,
  now: number,
): Partial<Installation> {
  const stored = readFingerprint(state, now)
  if (!stored || stored === 'damaged' || (stored.state !== 'good' && stored.state !== 'unstamped')) return {}
  const { fingerprint } = stored
  const folder = streamFolder(options, state, fingerprint)
  const instance = readInstance(folder)
  return { fingerprint, ...(instance && { instance, folder }) }
}

/** Fills in missing ids for this process only. */
export function inMemory({ fingerprint, instance, folder }: Partial<Installation> = {}): Installation {
  return {
    fingerprint: fingerprint ?? makeFingerprint(),
    instance: instance ?? crypto().randomUUID(),
    ...(folder && { folder }),
  }
}

/** The resource attributes of everything that this installation sends, in the order in which they are sent. */
export function resourceOf(
  { name, version, resourceAttributes }: TelemetryOptions,
  { fingerprint, instance }: Pick<Installation, 'fingerprint' | 'instance'>,
): Attributes {
  return {
    'service.name': name,
    'service.version': version,
    'service.instance.id': instance,
    'user.fingerprint': fingerprint,
    ...resourceAttributes,
  }
}

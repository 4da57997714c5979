import { join } from 'node:path'
import { endpointOf, settingsOf } from '../core/decide/decide.ts'
import type { Environment } from '../core/decide/folders.ts'
import { namesIn } from '../core/tally/files.ts'
import { readFingerprint } from '../core/tally/fingerprint.ts'
import type { Tool } from '../core/tool.ts'
import { count } from '../terminal/count.ts'
import { called } from './context.ts'
import { quietFacts } from './inspect.ts'
import { remove, removeStreams, storedIn } from './remove.ts'
import { storedStreams } from './storage.ts'

/**
 * Ends the installation: removes its id, the ids of its streams and what was to be sent. What was counted for the user
 * alone stays. Returns what to tell the user, a line each, and whether something is left.
 */
export function forget(tool: Tool, env: Environment): { lines: string[]; left: boolean } {
  const facts = quietFacts(tool, env)
  const state = facts.folders()?.state
  if (!state) return { lines: [], left: false }
  try {
    const id = unlessItThrows(() => idIn(state))
    const streams = unlessItThrows(() => storedStreams(tool.options, state, id)) ?? []
    const { tallies, local, doomed, fingerprint } = storedIn(state)
    const instances = local.flatMap(stream =>
      namesIn(stream)
        .filter(name => name.startsWith('instance'))
        .map(name => join(stream, name)),
    )
    const left = [
      ...remove([...doomed, ...fingerprint, ...instances]),
      ...removeStreams(state, 'tallies', tallies),
    ]
    if (left.length) return { lines: [`not removed: ${left.join(', ')}`], left: true }
    const counted = (local: boolean) =>
      streams
        .filter(stream => stream.local === local)
        .reduce((sum, { series }) => series.reduce((sum, { times }) => sum + times.length, sum), 0)
    const own = counted(true)
    const removed = [
      ...(fingerprint.length ? ['the installation id'] : []),
      ...(tallies.length ? [`${count(counted(false), 'invocation')} counted under it`] : []),
    ]
    const { endpoint } = endpointOf(facts, settingsOf(facts))
    return {
      lines: [
        ...(removed.length ? [`Removed: ${removed.join(', and ')}.`] : []),
        ...(id
          ? [
              `The id was ${id}.`,
              `To have what was sent deleted, send that id to the operator of ${endpoint}.`,
            ]
          : []),
        ...(own
          ? [`${count(own, 'invocation')} counted for you alone: kept until "${called(tool, 'clear')}".`]
          : []),
      ],
      left: false,
    }
  } catch (error) {
    return { lines: [`not removed: what is in ${state} (${(error as Error).message})`], left: true }
  }
}

/** The id, also one that is not used any more: what was sent under it may still be somewhere. */
function idIn(state: string): string | undefined {
  const stored = readFingerprint(state, Date.now())
  return stored && stored.state !== 'damaged' ? stored.fingerprint : undefined
}

function unlessItThrows<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined // what cannot be read can be removed all the same
  }
}

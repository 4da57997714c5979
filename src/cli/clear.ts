import { count } from '../terminal/count.ts'
import type { Context, Values } from './context.ts'
import { inspect } from './inspect.ts'
import { yesOrNo } from './question.ts'
import { remove, removeStreams, type Stored, storedIn } from './remove.ts'
import type { StoredStream } from './storage.ts'

const TIMEOUT_MS = 30_000

/**
 * `clear`: removes what was counted, with `--all` also the fingerprint and the mark of the notice, so that the next run
 * is a new installation. Says what it removed, or what is left and fails. The config stays: an opt-out is not
 * forgotten.
 */
export async function clear(context: Context, { all = false, yes = false }: Values): Promise<number> {
  const { tool, env, stdout, stderr } = context
  const { name } = tool.options
  const complain = (sentence: string) => {
    stderr.write(`${name} telemetry: ${sentence}\n`)
    return 1
  }
  const { folders, streams, decision } = inspect(tool, env)
  if (!folders) return complain(decision.reason)
  const { state } = folders
  let stored: Stored
  try {
    stored = storedIn(state)
  } catch (error) {
    return complain(`it cannot be seen what is there: ${(error as Error).message}`)
  }
  const things = thingsOf(stored, streams, Boolean(all))
  if (!things.length) {
    stdout.write(`${name} telemetry: there is nothing to remove\n`)
    return 0
  }
  if (!yes) {
    const answer = await yesOrNo(`Remove ${list(things)} from ${state}?`, context, TIMEOUT_MS, false)
    if (!answer)
      return complain(
        `nothing was removed${answer === undefined ? ': confirm with --yes when there is no terminal' : ''}`,
      )
  }
  const left = [
    ...remove([...stored.doomed, ...(all ? [...stored.fingerprint, ...stored.notice] : [])]),
    ...removeStreams(state, 'tallies', stored.tallies),
    ...removeStreams(state, 'local', stored.local),
  ]
  if (left.length) return complain(`not all of it could be removed. Left: ${left.join(', ')}`)
  stdout.write(`${name} telemetry: removed ${list(things)}\n`)
  return 0
}

function thingsOf(
  { tallies, local, doomed, fingerprint, notice }: Stored,
  streams: StoredStream[],
  all: boolean,
) {
  const series = streams.flatMap(stream => stream.series)
  const invocations = series.reduce((sum, { times }) => sum + times.length, 0)
  const versions = new Set(streams.map(({ version }) => version)).size
  const there = tallies.length + local.length
  return [
    ...(there && streams.length
      ? [
          `${count(invocations, 'invocation')} in ${count(series.length, 'series')} of ${count(versions, 'version')}`,
        ]
      : []),
    ...(there > streams.length ? ['counts that cannot be read'] : []),
    ...(doomed.length ? ['what was left by an interruption'] : []),
    ...(all && fingerprint.length ? ['the installation id'] : []),
    ...(all && notice.length ? ['the mark that the notice was seen'] : []),
  ]
}

function list(things: string[]): string {
  return things.length < 2 ? things.join() : `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`
}

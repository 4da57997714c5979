import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { count } from '../terminal/count.ts'
import { inspect } from './inspect.ts'
import { yesOrNo } from './question.ts'
import type { Context, Values } from './run.ts'

const TIMEOUT_MS = 30_000

/**
 * `clear`: removes what was counted, with `--all` also the fingerprint and the mark of the notice, so that the next run
 * is a new installation. Says what it removed. The config stays: an opt-out is not forgotten. Returns the exit code.
 */
export async function clear(context: Context, { all = false, yes = false }: Values): Promise<number> {
  const { tool, env, stdout, stderr } = context
  const { name } = tool.options
  const { folders, streams, fingerprint, notice, problems } = inspect(tool, env)
  const series = streams.flatMap(stream => stream.series)
  const invocations = series.reduce((sum, { times }) => sum + times.length, 0)
  const things = [
    ...(streams.length
      ? [
          `${count(invocations, 'invocation')} in ${count(series.length, 'series')} of ${count(streams.length, 'version')}`,
        ]
      : []),
    ...(all && (fingerprint || problems.length) ? ['the installation id'] : []),
    ...(all && notice.version ? ['the mark that the notice was seen'] : []),
  ]
  if (problems.length && !things.length) {
    stderr.write(`${name} telemetry: it cannot be seen what is there: ${problems.join('; ')}\n`)
    return 1
  }
  if (!folders || !things.length) {
    stdout.write(`${name} telemetry: there is nothing to remove\n`)
    return 0
  }
  if (!yes) {
    const answer = await yesOrNo(`Remove ${list(things)} from ${folders.state}?`, context, TIMEOUT_MS, false)
    if (!answer) {
      stderr.write(
        `${name} telemetry: nothing was removed${answer === undefined ? '; --yes does it without a question' : ''}\n`,
      )
      return 1
    }
  }
  try {
    // Renamed first: a command that runs now finds all of it or nothing.
    if (streams.length) {
      const doomed = join(folders.state, `tallies~${process.pid}`)
      renameSync(join(folders.state, 'tallies'), doomed)
      rmSync(doomed, { recursive: true, force: true, maxRetries: 3 })
    }
    // By name: the folder may be the tool's own.
    for (const file of all ? ['fingerprint', 'notice'] : [])
      rmSync(join(folders.state, file), { force: true })
  } catch (error) {
    stderr.write(`${name} telemetry: not all of it could be removed: ${(error as Error).message}\n`)
    return 1
  }
  stdout.write(`${name} telemetry: removed ${list(things)}\n`)
  return 0
}

function list(things: string[]): string {
  return things.length < 2 ? things.join() : `${things.slice(0, -1).join(', ')} and ${things.at(-1)}`
}

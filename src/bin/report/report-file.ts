import { basename, extname } from 'node:path'
import { type Flags, flagsProblem, type Surroundings, show } from '../../report/show.ts'
import { printable } from '../../terminal/printable.ts'
import { type FromFile, usesFrom } from './from-file.ts'

/** As many unreadable lines are named one by one. */
const MAX_NAMED = 10

/**
 * `otlp-tally report FILE`: what is in a file of bodies, as `tool telemetry report` shows one's own. Resolves with the
 * exit code: 1 where nothing of it can be read or the page cannot be written.
 */
export async function reportFile(
  path: string,
  page: string = `${basename(path, extname(path))}-usage.html`,
  flags: Flags = {},
  surroundings: Surroundings = process,
): Promise<number> {
  const complain = (sentence: string) => surroundings.stderr.write(`otlp-tally report: ${sentence}\n`)
  const problem = flagsProblem(flags)
  if (problem) {
    complain(problem)
    return 2
  }
  try {
    const content = await read(path, `${flags.metric ?? 'command_invocation'}`, complain)
    if (content.lines && !content.read) return 1
    const { command } = flags
    const uses = content.uses.filter(({ name }) => command === undefined || name === command)
    const what = printable(basename(path))
    const [tool = what] = content.tools
    const whose = content.tools.length > 1 ? `${content.tools.length} tools in ${what}` : tool
    const subject = `${whose}${command === undefined ? '' : ` ${printable(`${command}`)}`}`
    show({ subject, uses, source: what, file: page }, flags, surroundings)
    if (!uses.length && !flags.json) complain(`${what}: nothing is counted in it`)
    return 0
  } catch (error) {
    complain((error as Error).message)
    return 1
  }
}

async function read(path: string, metric: string, complain: (sentence: string) => void): Promise<FromFile> {
  let unreadable = 0
  const content = await usesFrom(path, {
    metric,
    unreadable(line, why) {
      if (++unreadable <= MAX_NAMED) complain(`line ${line} is skipped: ${why}`)
    },
  })
  if (unreadable > MAX_NAMED) complain(`and ${unreadable - MAX_NAMED} more lines`)
  if (content.lines && !content.read)
    complain('no line could be read: expected OTLP/JSON, one {"resourceMetrics":[…]} a line')
  if (content.full) complain(content.full)
  return content
}

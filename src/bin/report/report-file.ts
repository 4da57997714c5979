import { basename, extname } from 'node:path'
import { type Flags, flagsProblem, type Surroundings, show } from '../../report/show.ts'
import { COMMANDS } from '../../report/told.ts'
import { printable } from '../../terminal/printable.ts'
import { type FromFile, usesFrom } from './from-file.ts'
import { usesFromServer } from './from-server.ts'

/** As many unreadable lines are named one by one. */
const MAX_NAMED = 10

type Complain = (sentence: string) => void

/**
 * `otlp-tally report FILE`: what is in a file of bodies, as `tool telemetry report` shows one's own. Resolves with the
 * exit code: 1 if nothing of it can be read or the page cannot be written.
 */
export function reportFile(
  path: string,
  page?: string,
  flags: Flags = {},
  surroundings: Surroundings = process,
): Promise<number> {
  return reported(flags, surroundings, async complain => {
    const content = await read(path, flags.metric, complain)
    if (content.lines && !content.read) return 1
    const place = { what: printable(basename(path)), base: basename(path, extname(path)), page }
    showContent(content, place, flags, surroundings)
    return 0
  })
}

/** `otlp-tally report URL`: the same of what a Prometheus, Cortex or Thanos has stored. */
export function reportServer(
  url: string,
  headers: Record<string, string>,
  page?: string,
  flags: Flags = {},
  surroundings: Surroundings = process,
): Promise<number> {
  return reported(flags, surroundings, async complain => {
    const { host, hostname } = new URL(url)
    const metric = flags.metric === undefined ? undefined : `${flags.metric}`
    const content = await usesFromServer(url, { headers, metric, warn: complain })
    if (content.full) complain(content.full)
    showContent(content, { what: host, base: hostname, page }, flags, surroundings)
    return 0
  })
}

/** Runs a report: 2 for flags that do not fit, 1 with a sentence for what cannot be read or written. */
async function reported(
  flags: Flags,
  { stderr }: Surroundings,
  run: (complain: Complain) => Promise<number>,
): Promise<number> {
  const complain: Complain = sentence => void stderr.write(`otlp-tally report: ${sentence}\n`)
  const problem = flagsProblem(flags)
  if (problem) {
    complain(problem)
    return 2
  }
  try {
    return await run(complain)
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    const missing = code === 'ENOENT' && path
    complain(missing ? `there is no file ${path}; "otlp-tally listen --file ${path}" makes one` : message)
    return 1
  }
}

/** Shows what was read, from wherever it came. */
export function showContent(
  { uses: all, tools, keys }: Pick<FromFile, 'uses' | 'tools' | 'keys'>,
  { what, base, page }: { what: string; base: string; page?: string | undefined },
  flags: Flags,
  surroundings: Surroundings,
): void {
  const { command, metric } = flags
  const uses = all.filter(({ name }) => command === undefined || name === command)
  const [tool = what] = tools
  const asked = keys ? metric : command
  show(
    {
      subject: tools.length > 1 ? `${tools.length} tools in ${what}` : tool,
      detail: asked === undefined ? '' : printable(`${asked}`),
      ...{ uses, source: what, page, base },
      words: keys
        ? { runs: printable(`${metric}`), thing: keys.map(key => printable(key)).join(' and ') || 'metric' }
        : COMMANDS,
    },
    flags,
    surroundings,
  )
  if (!uses.length && !flags.json)
    surroundings.stderr.write(`otlp-tally report: ${what}: nothing is counted in it\n`)
}

async function read(
  path: string,
  metric: Flags[string],
  complain: (sentence: string) => void,
): Promise<FromFile> {
  let unreadable = 0
  const content = await usesFrom(path, {
    metric: metric === undefined ? undefined : `${metric}`,
    unreadable(line, why) {
      if (++unreadable <= MAX_NAMED) complain(`line ${line} is skipped: ${why}`)
    },
  })
  if (unreadable > MAX_NAMED) complain(`and ${unreadable - MAX_NAMED} more lines`)
  if (content.lines && !content.read)
    complain('no line could be read: expected OTLP/JSON, one {"resourceMetrics":[…]} per line')
  if (content.full) complain(content.full)
  return content
}

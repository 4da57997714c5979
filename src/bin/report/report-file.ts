import { statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { type Flags, flagsProblem, type Surroundings, show } from '../../report/show.ts'
import { didYouMean } from '../../terminal/did-you-mean.ts'
import { plural } from '../../terminal/plural.ts'
import { printable } from '../../terminal/printable.ts'
import { progressOn } from '../progress.ts'
import { type FileContent, usesFromFile } from './from-file.ts'
import { usesFromServer } from './from-server.ts'
import type { Counted, Tool } from './tools.ts'

/** So many unreadable lines are named one by one. */
const MAX_NAMED = 10

type Complain = (sentence: string) => void

/**
 * `otlp-tally report FILE`: a report of the bodies in a file. Resolves with the exit code: 1 if nothing is counted in it,
 * it cannot be read or the page cannot be written, 2 for a mistake in the flags.
 */
export function reportFile(
  path: string,
  page?: string,
  flags: Flags = {},
  surroundings: Surroundings = process,
): Promise<number> {
  const stdin = path === '-'
  const place = {
    what: stdin ? 'standard input' : printable(basename(path)),
    base: stdin ? 'stdin' : basename(path, extname(path)),
    page,
  }
  return reported(place, flags, surroundings, complain => read(path, flags.metric, surroundings, complain))
}

/** `otlp-tally report URL`: the same for what a Prometheus, Cortex or Thanos has stored. */
export function reportServer(
  url: string,
  headers: Record<string, string>,
  page?: string,
  flags: Flags = {},
  surroundings: Surroundings = process,
): Promise<number> {
  const { host, hostname } = new URL(url)
  const metric = flags.metric === undefined ? undefined : `${flags.metric}`
  return reported({ what: host, base: hostname, page }, flags, surroundings, complain =>
    usesFromServer(url, { headers, metric, warn: complain }),
  )
}

interface Place {
  /** The file or the host, for messages. */
  what: string
  /** The beginning of a page's name: `<base>-usage.html`. */
  base: string
  page: string | undefined
}

async function reported(
  place: Place,
  flags: Flags,
  surroundings: Surroundings,
  read: (complain: Complain) => Promise<Counted>,
): Promise<number> {
  const complain: Complain = sentence => void surroundings.stderr.write(`otlp-tally report: ${sentence}\n`)
  const problem = flagsProblem(flags)
  if (problem) {
    complain(problem)
    return 2
  }
  try {
    const { tools, keys, full } = await read(complain)
    if (full) complain(full)
    const tool = chosen(tools, flags.tool, place.what)
    showTool(tool, { tools, keys, place }, flags, surroundings)
    return 0
  } catch (error) {
    complain((error as Error).message)
    return 1
  }
}

/** The tool that was asked for, or the one with the most installations. */
function chosen(tools: readonly Tool[], wanted: Flags[string], what: string): Tool {
  const [first] = tools
  if (!first) throw new Error(`${what}: nothing is counted in it`)
  if (wanted === undefined) return first
  const names = tools.map(({ name }) => name)
  const found = tools.find(({ name }) => name === wanted)
  if (!found)
    throw new Error(
      `${what}: the tool ${printable(`${wanted}`)} is not counted in it${didYouMean(`${wanted}`, names)}`,
    )
  return found
}

function showTool(
  { name, uses }: Tool,
  { tools, keys, place }: { tools: readonly Tool[]; keys: readonly string[] | undefined; place: Place },
  flags: Flags,
  surroundings: Surroundings,
): void {
  const others = tools.filter(one => one.name !== name).map(one => one.name)
  const more = others.length - 3
  const named = `${others.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  const note = `Also counted in ${place.what}: ${plural(others.length, 'tool')} of other names (${named}); --tool NAME shows one.`
  const metric = keys ? printable(`${flags.metric}`) : ''
  show(
    {
      ...{
        subject: `${name} ${metric}`.trim(),
        uses,
        source: place.what,
        page: place.page,
        base: place.base,
      },
      ...(keys && {
        words: { runs: metric, thing: keys.map(key => printable(key)).join(' and ') || 'metric' },
      }),
      notes: others.length ? [note] : [],
    },
    flags,
    surroundings,
  )
}

async function read(
  path: string,
  metric: Flags[string],
  { stderr }: Surroundings,
  complain: Complain,
): Promise<FileContent> {
  let unreadable = 0
  const progress = progressOn(stderr)
  const size = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false })?.size
  const content = await usesFromFile(path, {
    metric: metric === undefined ? undefined : `${metric}`,
    unreadable(line, why) {
      progress.hide()
      if (++unreadable <= MAX_NAMED) complain(`line ${line} is skipped: ${why}`)
    },
    progress: bytes => progress.show(size ? bytes / size : undefined, `${Math.round(bytes / 1e6)} MB`),
  }).finally(progress.hide)
  if (unreadable > MAX_NAMED) complain(`and ${unreadable - MAX_NAMED} more lines`)
  if (content.lines && !content.read)
    throw new Error('no line could be read: expected OTLP/JSON, one {"resourceMetrics":[…]} per line')
  return content
}

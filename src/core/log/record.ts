import type { Stamp } from '../stamp.ts'
import type { Attributes, Series } from '../vocabulary.ts'

/**
 * The records of a log. Each is a newline and a text, appended by one `O_APPEND` write. It ends with a time of 13
 * digits or with JSON, so a record that was cut short is never valid, and only that record is lost.
 *
 * ```
 * {"file":[<inode>,<birth ms>],"id":"<uuid>","fingerprint":"…",…}   the head; the first valid one counts
 * <series> <ms>                                          one invocation, a mark
 * !send <nonce> <marks seen> <life ms> <ms>              a claim
 * !taken|!refused|!unknown <nonce> <status or code> <ms> what became of it
 * !sum <format> <offset> <fold as JSON>                  a checkpoint
 * !last <ms>                                             the time of the last claim, repeated for `hold.ts`
 * ```
 */

/** The first record of a log: all that its body says besides the counts. */
export interface Head {
  /** The very file that it was written to. */
  file: Stamp
  /** `service.instance.id`: a random UUID, which lives as long as this log. */
  id: string
  /** `user.fingerprint`: of the installation that counted. Absent from a log of `local`. */
  fingerprint?: string
  /** The name of the metric that `trackCommand` counts. */
  metric: string
  /** The resource attributes, without the two ids. */
  resource: Attributes
}

/** A head without what only the file itself can say. */
export type HeadDraft = Omit<Head, 'file' | 'id'>

/** 16 MiB. A log of this length is set aside, and the next one has another id. */
export const MAX_LOG_BYTES: number = 2 ** 24
/** How much of the end of a log `readTail` reads. */
export const TAIL_BYTES = 4096

/** The head as a record. `file` comes first: commands read only that. */
export function headRecord(file: Stamp, id: string, draft: HeadDraft): string {
  return JSON.stringify({ file, id, ...draft })
}

/**
 * A series as it stands in a record: `command_invocation,command_name=db+migrate`, `deploy,dry:true,target=a`.
 * Attributes are sorted, so equal sets are one series. No value holds `,`, `=` or `+`, and no key `:`.
 */
export function seriesText({ metric, attributes }: Series): string {
  let text = metric
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key]!
    text += typeof value === 'boolean' ? `,${key}:${value}` : `,${key}=${value.replaceAll(' ', '+')}`
  }
  return text
}

/** The series that a text stands for; undefined where this library would not have written it. */
export function parseSeries(text: string): Series | undefined {
  const [metric = '', ...pairs] = text.split(',')
  const attributes: Record<string, string | boolean> = {}
  for (const pair of pairs) {
    const [, key, value, flag] = /^([A-Za-z][\w.]*)(?:=([\w.:+-]+)|:(true|false))$/.exec(pair) ?? []
    if (!key) return undefined
    attributes[key] = flag ? flag === 'true' : value!.replaceAll('+', ' ')
  }
  const series = { metric, attributes }
  return /^[A-Za-z][\w.]*$/.test(metric) && seriesText(series) === text ? series : undefined
}

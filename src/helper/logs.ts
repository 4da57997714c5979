import { namesIn, parentOf } from '../core/files.ts'
import { openLog, readText } from '../core/log/mark.ts'
import { parseLogName } from '../core/log/name.ts'
import { TAIL_BYTES } from '../core/log/record.ts'
import { fs, SEP } from '../core/node.ts'

/** Another log of the tool: one that was set aside, or of another version or other attributes. */
export interface OtherLog {
  path: string
  bytes: number
  /** When something was last appended, in ms since 1970. */
  touched: number
}

/** How much is kept. Beyond that the oldest logs are removed, even if they were never sent. */
const MAX_LOGS = 32
const MAX_BYTES = 64 * 2 ** 20
const MAX_AGE_MS = 180 * 24 * 3_600_000

/** The other logs for the same endpoint that may not be taken completely, the one that waits longest first. */
export function olderLogs(path: string): OtherLog[] {
  const { endpoint } = parseLogName(path.slice(parentOf(path).length + 1))!
  return logsBeside(path)
    .filter(({ name, log }) => log.path !== path && name.endpoint === endpoint && !isAllTaken(log))
    .map(({ log }) => log)
    .reverse()
}

/** Removes logs beyond these bounds, never the one at `path`. With 0 for `now`, none is too old. */
export function removeOldLogs(path: string, now: number): void {
  let count = 0
  let bytes = 0
  for (const { log } of logsBeside(path)) {
    count++
    bytes += log.bytes
    const isOld = now - log.touched > MAX_AGE_MS
    if (log.path !== path && (count > MAX_LOGS || bytes > MAX_BYTES || isOld))
      fs.rmSync(log.path, { force: true })
  }
}

function logsBeside(path: string): { log: OtherLog; name: NonNullable<ReturnType<typeof parseLogName>> }[] {
  const folder = parentOf(path)
  const found = namesIn(folder).flatMap(file => {
    const name = parseLogName(file)
    const stats = name && fs.lstatSync(`${folder}${SEP}${file}`, { throwIfNoEntry: false })
    if (!stats?.isFile()) return []
    const { size: bytes, mtimeMs: touched } = stats
    return [{ name: name!, log: { path: `${folder}${SEP}${file}`, bytes, touched } }]
  })
  return found.sort((a, b) => b.log.touched - a.log.touched)
}

/** True if its tail shows a claim that was taken, and no mark after it. Cheaper than folding the log. */
function isAllTaken({ path, bytes }: OtherLog): boolean {
  try {
    const fd = openLog(path)
    try {
      const tail = readText(fd, Math.max(0, bytes - TAIL_BYTES), bytes)
      const claim = tail.lastIndexOf('\n!send ')
      if (claim < 0) return false
      const [claimed = '', ...after] = tail.slice(claim + 1).split('\n')
      const taken = `!taken ${claimed.split(' ')[1]} `
      const hasMark = after.some(line => line && !line.startsWith('!'))
      return !hasMark && after.some(line => line.startsWith(taken) && /\d{13}$/.test(line))
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return true // it is gone, or cannot be read
  }
}

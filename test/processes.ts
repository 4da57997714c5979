import { readdirSync, readFileSync } from 'node:fs'

/** A process of this machine, as Linux shows it in /proc. */
export interface Found {
  pid: number
  /** It sends what a command has counted. */
  isHelper: boolean
  command: string
}

/** All processes that have an entry such as `HOME=/tmp/x` in their environment, which a helper has from its command. */
export function processesWith(entry: string): Found[] {
  return each(pid => {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    if (!environment.includes(entry)) return []
    const isHelper = environment.some(other => other.startsWith('OTLP_TALLY_HELPER='))
    return [{ pid: Number(pid), isHelper, command: readFileSync(`/proc/${pid}/cmdline`, 'latin1') }]
  })
}

/** Whether a process is just starting: for a moment it has memory and not yet an environment, so nobody knows whose it is. */
export function isAnyStarting(): boolean {
  const starting = each(pid => {
    // Throws for a process that has ended, and for another user's.
    if (readFileSync(`/proc/${pid}/environ`, 'latin1') !== '') return []
    return Number(statOf(pid)[ENVIRONMENT_END]) === 0 ? [pid] : []
  })
  return starting.length > 0
}

/** The fields of /proc/PID/stat from the third on, which has the index 0 (proc_pid_stat(5)). */
export function statOf(pid: string | number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
}
const ENVIRONMENT_END = 51 - 3

function each<T>(look: (pid: string) => T[]): T[] {
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid)) return []
    try {
      return look(pid)
    } catch {
      return [] // it has ended meanwhile, or is another user's
    }
  })
}

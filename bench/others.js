import { readFileSync } from 'node:fs'

/** The unit of /proc/stat (proc_stat(5)): USER_HZ is 100 wherever Node runs. */
const TICK_MS = 10

/** CPU time that the whole machine has used, in ms: user, nice, system, irq and softirq. */
function busy() {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8')
    .split(/\s+/)
    .map(Number)
  return (user + nice + system + irq + softirq) * TICK_MS
}

/**
 * Returns a function that says how much of a core other processes have used since: without the samples and the benchmark.
 */
export function startWatching() {
  const begin = { time: performance.now(), busy: busy(), own: process.cpuUsage() }
  return (/** @type {readonly import('./sampler.js').Sample[]} */ samples) => {
    const { user, system } = process.cpuUsage(begin.own)
    const ours = (user + system) / 1000 + samples.reduce((sum, { total }) => sum + total, 0)
    const share = (busy() - begin.busy - ours) / (performance.now() - begin.time)
    return Math.max(0, share).toFixed(2)
  }
}

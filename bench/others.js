import { readFileSync } from 'node:fs'

/** Of /proc/stat, in hundredths of a second (proc_stat(5); USER_HZ is 100 on all that Node runs on). */
const TICK_MS = 10

/** CPU that the whole machine has used, ms: user, nice, system, irq and softirq. */
function busy() {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8')
    .split(/\s+/)
    .map(Number)
  return (user + nice + system + irq + softirq) * TICK_MS
}

/**
 * How much other work there was: the function that is returned subtracts what the samples and the benchmark itself used.
 * Above a tenth of a core, trust "in quiet" more than the medians.
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

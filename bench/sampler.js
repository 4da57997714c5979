import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * What one process has cost, in ms and MB. `total` and `life` include the processes that it left behind; `left` is how
 * many those are.
 * @typedef {{ status: number, wall: number, cpu: number, total: number, memory: number, left: number, life: number }} Sample
 * @typedef {{ argv: string[], env: Record<string, string>, cwd: string, core?: boolean, terminal?: boolean }} Command
 */

/** Starts `sample.py`, which runs commands one after the other. */
export function startSampler() {
  const python = spawn('python3', [new URL('sample.py', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  return {
    /** @param {Command} command @returns {Promise<Sample>} */
    async sample(command) {
      python.stdin.write(`${JSON.stringify(command)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('sample.py ended: it needs Linux and Python 3.9')
      return JSON.parse(value)
    },
    close: () => python.stdin.end(),
  }
}

import { createInterface } from 'node:readline'
import { exchange, lineOf, type Question } from './exchange.ts'

/**
 * The program of the process that makes requests for `check` and `send`: a question on each line of stdin, its answer
 * on a line of stdout. It ends when stdin ends; Ctrl-C is the parent's to obey.
 */
process.on('SIGINT', () => {})
createInterface({ input: process.stdin }).on('line', async line => {
  process.stdout.write(lineOf(await exchange(JSON.parse(line) as Question)))
})

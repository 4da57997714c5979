import { createInterface } from 'node:readline'
import { lineOf, post, type Request } from './http.ts'

/**
 * The program of the process that makes requests for `check` and `send`: a request on each line of stdin, its answer on
 * a line of stdout. It ends when stdin ends; Ctrl-C is the parent's to obey.
 */
process.on('SIGINT', () => {})
createInterface({ input: process.stdin }).on('line', async line => {
  process.stdout.write(lineOf(await post(JSON.parse(line) as Request)))
})

import { createInterface } from 'node:readline'
import { lineOf, type PostRequest, post } from './http.ts'

/**
 * The program of the process that makes requests for `check` and `send`. It reads a request from each line of stdin, and
 * writes the response to a line of stdout. It ends with stdin; the parent handles Ctrl-C.
 */
process.on('SIGINT', () => {})
createInterface({ input: process.stdin }).on('line', async line => {
  process.stdout.write(lineOf(await post(JSON.parse(line) as PostRequest)))
})

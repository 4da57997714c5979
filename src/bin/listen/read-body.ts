import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { printable } from '../../terminal/printable.ts'
import { type Answer, refusal } from './answer.ts'

/** The Collector's default bound of a request body, before and after it is unpacked. */
const MAX_BYTES = 20 * 2 ** 20

const unpackers = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
])

/** The text of the body, or why it is refused. */
export async function readBody(request: IncomingMessage): Promise<string | Answer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BYTES) return refusal(`the body is larger than ${MAX_BYTES} bytes`, { status: 413 })
    chunks.push(chunk as Buffer)
  }
  const bytes = Buffer.concat(chunks)
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const unpack = unpackers.get(encoding)
  if (encoding === 'identity') return bytes.toString('utf8')
  if (!unpack)
    return refusal(`content-encoding ${printable(encoding)} is not known here: use gzip, deflate or none`)
  try {
    return (await unpack(bytes, { maxOutputLength: MAX_BYTES })).toString('utf8')
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return tooLarge
      ? refusal(`the body is larger than ${MAX_BYTES} bytes when it is unpacked`, { status: 413 })
      : refusal(`the body is not ${encoding}: ${(error as Error).message}`)
  }
}

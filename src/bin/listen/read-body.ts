import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { printable } from '../../terminal/printable.ts'
import { type HttpResponse, refusal } from './response.ts'

/** The Collector's default limit for a request body, compressed and decompressed. */
const MAX_BYTES = 20 * 2 ** 20

const decompressors = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
])

/** The text of the body, or why it is refused. */
export async function readBody(request: IncomingMessage): Promise<string | HttpResponse> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > MAX_BYTES) return refusal(`the body is larger than ${MAX_BYTES} bytes`, { status: 413 })
    chunks.push(chunk as Buffer)
  }
  const bytes = Buffer.concat(chunks)
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const decompress = decompressors.get(encoding)
  if (encoding === 'identity') return bytes.toString('utf8')
  if (!decompress)
    return refusal(`content-encoding ${printable(encoding)} is not supported: use gzip, deflate or none`)
  try {
    return (await decompress(bytes, { maxOutputLength: MAX_BYTES })).toString('utf8')
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return tooLarge
      ? refusal(`the body is larger than ${MAX_BYTES} bytes when it is decompressed`, { status: 413 })
      : refusal(`the body is not ${encoding}: ${(error as Error).message}`)
  }
}

/** A request. */
export interface PostRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  timeoutMs: number
}

/** The parts of a response that are used here. */
export interface HttpResponse {
  status: number
  location: string | undefined
  retryAfter: string | undefined
  contentType: string
  text: string
}

/** Why there was no response. `code` is `TIMEOUT` or a code such as `ECONNREFUSED`. */
export interface NoResponse {
  code: string
  message: string
}

/** As JSON on one line. Node's `readline` also ends lines at these two characters, which JSON does not escape. */
export function lineOf(value: PostRequest | HttpResponse | NoResponse): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16)}`
  return `${JSON.stringify(value).replace(/[\u2028\u2029]/g, escaped)}\n`
}

/** A response may be endless. The rest is not read. */
const MAX_BYTES = 4 << 20

/** Posts OTLP/JSON. Follows no redirect, which would send the headers to another server. Never rejects. */
export async function post({
  url,
  headers,
  body,
  timeoutMs,
}: PostRequest): Promise<HttpResponse | NoResponse> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const header = (name: string) => response.headers.get(name) ?? undefined
    return {
      status: response.status,
      location: header('location'),
      retryAfter: header('retry-after'),
      contentType: header('content-type') ?? '',
      text: await beginning(response),
    }
  } catch (error) {
    const { name, cause } = error as Error & { cause?: Error }
    const { message, code } = (cause ?? error) as NodeJS.ErrnoException
    return { message, code: name === 'TimeoutError' ? 'TIMEOUT' : (code ?? '') }
  }
}

async function beginning({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    if ((size += chunk.length) > MAX_BYTES) break
  }
  return Buffer.concat(chunks).toString()
}

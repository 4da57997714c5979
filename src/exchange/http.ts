/** One request. */
export interface Request {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  timeoutMs: number
}

/** An answer, as far as anybody here looks at it. */
export interface Answer {
  status: number
  location: string | undefined
  retryAfter: string | undefined
  contentType: string
  text: string
}

/** Why there was none: `ECONNREFUSED`, or `TIMEOUT` where nothing came in time. */
export interface NoAnswer {
  code: string
  message: string
}

/** As JSON on one line: for Node's `readline` a line also ends at these two, which JSON leaves as they are. */
export function lineOf(value: Request | Answer | NoAnswer): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16)}`
  return `${JSON.stringify(value).replace(/[\u2028\u2029]/g, escaped)}\n`
}

/** An answer may be of any length, and a partial refusal of many points is long. Of more than this no more is read. */
const MAX_BYTES = 4 << 20

/** One POST of OTLP/JSON. Follows no redirect, which would carry the headers elsewhere. Never rejects. */
export async function post({ url, headers, body, timeoutMs }: Request): Promise<Answer | NoAnswer> {
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

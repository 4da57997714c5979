/** One request, as it goes out. */
export interface Post {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Bound of the whole exchange in ms. */
  timeoutMs: number
}

/**
 * The one POST: in the helper process, or in the command's own where no helper can work. Resolves when it was answered
 * or given up; never rejects. Nothing is retried, because the next command's body carries the total; no redirect is
 * followed, because it would carry the headers to where nobody configured them; no answer is read.
 */
export async function post({ url, headers, body, timeoutMs }: Post): Promise<void> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), timeoutMs)
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: controller.signal,
    })
    // An answer that is left unread keeps its connection, and with it the process.
    await response.body?.cancel()
  } catch {
    // Whatever it was, the person who ran a command is not the one to mend it. `otlp-tally check` explains.
  } finally {
    clearTimeout(timer)
  }
}

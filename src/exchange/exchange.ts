/** An answer may be of any length; what is to be read of it is in its beginning. */
const MAX_TEXT = 65_536

/** One POST of OTLP/JSON, answered. Follows no redirect, which would carry the headers elsewhere. Rejects as `fetch` does. */
export async function exchange(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<{ response: Response; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    redirect: 'manual',
    signal,
  })
  return { response, text: (await response.text()).slice(0, MAX_TEXT) }
}

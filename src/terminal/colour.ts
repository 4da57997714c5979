import * as util from 'node:util'

/** `NO_COLOR` and `FORCE_COLOR` decide; without them, whether the stream is a terminal with colours. */
export function wantsColour(
  stream: { isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR) return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return stream.isTTY === true && TERM !== 'dumb'
}

// Not imported by name: Node before 20.12 has no `styleText`, and the import would fail there.
type Format = Parameters<typeof util.styleText>[0]

/** Formats text, or returns it as it is if colours are off. */
export type Paint = (format: Format, text: string) => string

export function paintOf(colour: boolean): Paint {
  // `validateStream` would decide again, by the environment of another stream.
  return (format, text) => (colour && text ? util.styleText(format, text, { validateStream: false }) : text)
}

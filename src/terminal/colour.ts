import * as util from 'node:util'

/** Whether colours are wanted: `NO_COLOR` and `FORCE_COLOR` decide, else whether it is a terminal that has them. */
export function takesColour(
  stream: { isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env
  if (NO_COLOR) return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return stream.isTTY === true && TERM !== 'dumb'
}

// As a member: Node before 20.12 has no `styleText`, and a bundle that imports it by name would not even start there.
type Format = Parameters<typeof util.styleText>[0]

/** Writes text in such a colour, or as it is where there are none. */
export type Paint = (format: Format, text: string) => string

export function paintOf(colour: boolean): Paint {
  // The decision is ours: Node's own looks at another stream's environment.
  return (format, text) => (colour && text ? util.styleText(format, text, { validateStream: false }) : text)
}

import { type AST, parseTOML } from 'toml-eslint-parser'

/** A stretch of a document, in UTF-16 code units from its beginning. */
export interface Stretch {
  start: number
  end: number
  /** Counted from 1. */
  line: number
}

/** Where the table `telemetry` stands in a document, in whichever of TOML's forms. */
export interface Telemetry {
  /** The value of each of its keys. */
  values: Map<string, Stretch>
  /** `[telemetry]`, the name in the header. */
  header?: Stretch
  /** `telemetry = { … }`, the braces and what is in them. */
  inline?: Stretch
  /** `telemetry.endpoint = …` at the top, the first of such lines. */
  dotted?: Stretch
}

/**
 * Finds the table by a full TOML syntax tree, so that a comment or a multi-line string that looks like it is not taken
 * for it. Throws what the parser throws for a document that it does not take.
 */
export function locateTelemetry(source: string): Telemetry {
  // The parser does not take a byte order mark, which editors on Windows write.
  const shift = source.startsWith('\ufeff') ? 1 : 0
  const stretch = ({ range: [start, end], loc }: AST.TOMLNode): Stretch => ({
    start: start + shift,
    end: end + shift,
    line: loc.start.line,
  })
  const found: Telemetry = { values: new Map() }

  function pairs(nodes: AST.TOMLKeyValue[], prefix: string[]): void {
    for (const { key, value } of nodes) {
      const path = [...prefix, ...names(key)]
      if (path[0] !== 'telemetry') continue
      if (!prefix.length && path.length > 1) found.dotted ??= stretch(key)
      if (path.length === 2) found.values.set(path[1]!, stretch(value))
      if (value.type !== 'TOMLInlineTable') continue
      if (path.length === 1) found.inline = stretch(value)
      pairs(value.body, path)
    }
  }

  for (const node of parseTOML(source.slice(shift)).body[0].body) {
    if (node.type === 'TOMLKeyValue') pairs([node], [])
    else if (node.kind === 'standard') {
      const path = names(node.key)
      if (path.length === 1 && path[0] === 'telemetry') found.header = stretch(node.key)
      pairs(node.body, path)
    }
  }
  return found
}

function names({ keys }: AST.TOMLKey): string[] {
  return keys.map(key => (key.type === 'TOMLBare' ? key.name : key.value))
}

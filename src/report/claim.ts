/** A statement in words; what comes from the data is apart from what we say about it. */
export type Claim = readonly (string | { name: string })[]

/** As one sentence; empty where there is nothing to say. Names are passed through `markUp`. */
export function sentenceOf(
  claims: readonly Claim[],
  markUp: (name: string) => string = name => name,
): string {
  if (!claims.length) return ''
  const [[opening] = []] = claims
  const said = claims
    .map(claim => claim.map(part => (typeof part === 'string' ? part : markUp(part.name))).join(''))
    .join('; ')
  // A name keeps its own letters, whatever stands first.
  return `${typeof opening === 'string' ? said.charAt(0).toUpperCase() + said.slice(1) : said}.`
}

/** A statement in words; what comes from the data is apart from what we say about it. */
export type Claim = readonly (string | { name: string })[]

/** As a sentence. Names are passed through `markUp`. */
export function sentenceOf(claim: Claim, markUp: (name: string) => string = name => name): string {
  const [opening] = claim
  const said = claim.map(part => (typeof part === 'string' ? part : markUp(part.name))).join('')
  // A name keeps its own letters, whatever stands first.
  return `${typeof opening === 'string' ? said.charAt(0).toUpperCase() + said.slice(1) : said}.`
}

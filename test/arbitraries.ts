import fc from 'fast-check'

/** Any code points. `fc.string({ unit: 'binary' })` does the same after it has built its tables for a second. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.nat(0x10ffff).map(code => String.fromCodePoint(code)),
})

type Kind = 'more' | 'less' | 'other' | 'swap' | 'none'

/** A slip of the fingers: a letter more, less or other, two that are swapped, or none after all. */
export type Slip = [kind: Kind, place: number, letter: string]

export function slipOf(letters: string, ...kinds: Kind[]): fc.Arbitrary<Slip> {
  return fc.tuple(fc.constantFrom(...kinds), fc.nat(100), fc.constantFrom(...letters))
}

export function slipped(word: string, [kind, place, letter]: Slip): string {
  const index = place % word.length
  const [before, here, after] = [word.slice(0, index), word[index]!, word.slice(index + 1)]
  if (kind === 'more') return before + letter + here + after
  if (kind === 'less') return before + after
  if (kind === 'other') return before + letter + after
  return kind === 'swap' && after ? before + after[0] + here + after.slice(1) : word
}

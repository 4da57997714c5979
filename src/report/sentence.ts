/** A sentence in parts: names come from the data, so a page can escape and mark them. */
export type Sentence = readonly (string | { name: string })[]

/** As one text with a full stop. Names are passed through `markUp`. */
export function sentenceText(sentence: Sentence, markUp: (name: string) => string = name => name): string {
  const [first] = sentence
  const text = sentence.map(part => (typeof part === 'string' ? part : markUp(part.name))).join('')
  // A name at the beginning keeps its lower case.
  return `${typeof first === 'string' ? text.charAt(0).toUpperCase() + text.slice(1) : text}.`
}

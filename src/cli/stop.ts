/** Ends a command with a sentence on stderr. The exit code is 2 for a mistake in the command line. */
export class Stop extends Error {
  readonly code: number
  constructor(sentence: string, code = 1) {
    super(sentence)
    this.code = code
  }
}

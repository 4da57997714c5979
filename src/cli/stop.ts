/** Ends a command: a sentence on stderr, and the exit code; 2 where the command was not understood. */
export class Stop extends Error {
  readonly code: number
  constructor(sentence: string, code = 1) {
    super(sentence)
    this.code = code
  }
}

// @ts-expect-error: the benchmark is plain JavaScript, without declarations
import { randomOf as plain } from '../../bench/random.js'

/** Numbers from 0 to 1 that look random, and are the same for the same seed. */
export const randomOf: (seed: number) => () => number = plain

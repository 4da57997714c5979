import { collectorBinary } from './build.ts'

/** Builds the Collector before the first test starts, so that no test's deadline has to allow for it. */
export default async function setup(): Promise<void> {
  try {
    await collectorBinary()
  } catch (error) {
    // Not thrown on: the message says what to do, and a stack of ours above it does not.
    console.error((error as Error).message)
    process.exit(1)
  }
}

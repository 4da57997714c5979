import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { configuration } from './configuration.ts'
import { parsePreview } from './preview.ts'

/** `otlp-tally collector FILE`: prints the part of a Collector's configuration that belongs to a tool. */
export async function collector(file: string): Promise<number> {
  try {
    const preview = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8')
    process.stdout.write(configuration(parsePreview(preview)))
    return 0
  } catch (error) {
    process.stderr.write(
      `otlp-tally collector: ${file}: ${(error as Error).message}\n` +
        "expected what 'TOOL telemetry preview --all --json' prints\n",
    )
    return 1
  }
}

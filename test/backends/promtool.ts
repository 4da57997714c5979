import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { prometheusBinaries } from './build.ts'
import { EXAMPLES } from './examples.ts'

/** What promtool says, with file names relative to `cwd`. Rejects where it finds something. */
export async function promtool(args: readonly string[], cwd: string = EXAMPLES): Promise<string> {
  const { promtool } = await prometheusBinaries()
  const { stdout, stderr } = await promisify(execFile)(promtool, args, { cwd })
  return stdout + stderr
}

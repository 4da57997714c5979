import type { Environment } from '../decide/folders.ts'
import { tools } from '../handle.ts'
import type { Tool } from '../telemetry.ts'
import { report } from './report.ts'
import { statusJson, statusText } from './status.ts'
import { switchTo } from './switch.ts'

/** Where text goes: `process.stdout` and `process.stderr` fit. */
export interface Output {
  write(text: string): unknown
}

/** The command's surroundings; each part defaults to the process's own. */
export interface TelemetryIo {
  stdout?: Output
  stderr?: Output
  env?: Environment
  /** Which tool's telemetry, where `initTelemetry` was called for several in this process. */
  name?: string
}

/**
 * Runs `tool telemetry …` with the arguments behind `telemetry`. Returns the exit code, never exits the process: 0 when
 * done, 1 when it could not be done, 2 when it was not understood. Rejects for nothing that a user can cause.
 *
 * Managing telemetry is never counted. Call `initTelemetry` first.
 *
 * @example process.exitCode = await runTelemetryCommand(process.argv.slice(3))
 */
export async function runTelemetryCommand(argv: readonly string[], io: TelemetryIo = {}): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr, env = process.env } = io
  const tool = findTool(io.name)
  if (typeof tool === 'string') {
    stderr.write(`${tool}\n`)
    return 1
  }
  const [command = 'help', ...flags] = argv
  const json = flags.includes('--json')
  const known = flags.every(flag => flag === '--json' && command === 'status')
  const usage = `usage: ${tool.options.name} telemetry enable | disable | status [--json]\n`
  if (known) {
    switch (command) {
      case 'status': {
        const status = report(tool, env)
        stdout.write(json ? statusJson(status) : statusText(status))
        return 0
      }
      case 'enable':
      case 'on':
        return switchTo(true, tool, env, stdout, stderr)
      case 'disable':
      case 'off':
        return switchTo(false, tool, env, stdout, stderr)
      case 'help':
      case '--help':
      case '-h':
        stdout.write(usage)
        return 0
    }
  }
  stderr.write(`${tool.options.name} telemetry ${argv.join(' ')}: not understood\n${usage}`)
  return 2
}

/** The tool, or why it cannot be told which or where. To guess could mean to lose somebody's opt-out. */
function findTool(name: string | undefined): Tool | string {
  const known = tools()
  if (name === undefined && known.size > 1)
    return `telemetry of which tool? Pass name: ${[...known.keys()].join(' or ')}`
  const tool = name === undefined ? [...known.values()][0] : known.get(name)
  const lost = tool?.problems.find(problem => /^(options|name|home):/.test(problem))
  return lost ? `initTelemetry: ${lost}` : (tool ?? 'telemetry: initTelemetry was not called')
}

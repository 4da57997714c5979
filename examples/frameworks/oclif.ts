import { Args, Command, Errors, execute, type Hook } from '@oclif/core'
import { initTelemetry, trackCommand } from 'otlp-tally'

const nameOf = (id: string) => id.replaceAll(':', ' ')

/** The hook `init`, see package.json. oclif knows its commands by then. */
export const init: Hook<'init'> = ({ config }) => {
  initTelemetry({
    name: config.bin,
    version: config.version,
    endpoint: 'http://127.0.0.1:4318',
    commands: config.commandIDs.filter(id => id !== 'telemetry').map(id => nameOf(id)),
  })
  return Promise.resolve()
}
/** What all commands extend. The `prerun` hook runs before parsing, and would count what is then refused. */
abstract class Counted extends Command {
  override parse: Command['parse'] = async (...input) => {
    const again = this.parsed
    const parsed = await super.parse(...input)
    if (!again) trackCommand(nameOf(`${this.id}`))
    return parsed
  }
}
class Migrate extends Counted {
  static override args = { target: Args.string({ required: true }) }
  async run() {
    const { args } = await this.parse(Migrate)
    this.log(`migrated to ${args.target}`)
  }
}
class Telemetry extends Command {
  static override strict = false
  async run() {
    const { runTelemetryCommand } = await import('otlp-tally/cli')
    process.exitCode = await runTelemetryCommand(this.argv)
  }
}
export const commands = { 'db:migrate': Migrate, telemetry: Telemetry }
/** The hook `command_not_found`, see package.json. */
export const notFound: Hook<'command_not_found'> = ({ id }) => {
  trackCommand(id) // not in the list: `unknown`
  return Promise.reject(new Errors.CLIError(`command ${id} not found`))
}
void execute({ dir: import.meta.url }) // not awaited: oclif imports this file again, for its commands

import { Args, Command, Errors, execute, type Hook } from '@oclif/core'
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})

/** What all commands extend. The `prerun` hook comes before parsing, and would count what is then refused. */
abstract class Counted extends Command {
  override parse: Command['parse'] = async (...input) => {
    const again = this.parsed
    const parsed = await super.parse(...input)
    if (!again) trackCommand(`${this.id}`.replaceAll(':', ' '))
    return parsed
  }
}
class Migrate extends Counted {
  static override args = { target: Args.string({ required: true }) }
  run = async () => this.log(`migrated to ${(await this.parse(Migrate)).args.target}`)
}
class Telemetry extends Command {
  static override strict = false
  run = async () => (process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(this.argv))
}
export const commands = { 'db:migrate': Migrate, telemetry: Telemetry }
/** The hook `command_not_found`, see package.json. */
export const notFound: Hook<'command_not_found'> = async ({ id }) => {
  trackCommand(id) // not in the list: `unknown`
  throw new Errors.CLIError(`command ${id} not found`)
}
void execute({ dir: import.meta.url }) // not awaited: oclif imports this file again, for its commands

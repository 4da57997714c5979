import { Builtins, Cli, Command, Option } from 'clipanion'
import { initTelemetry, trackCommand } from 'otlp-tally'

initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318' })
/** What all commands extend. `execute` is called when all is valid; `path` is the one of `paths` that matched. */
abstract class Counted extends Command {
  abstract run: Command['execute']
  async execute() {
    trackCommand(this.path.join(' '))
    return this.run()
  }
}
class Migrate extends Counted {
  static override paths = [['db', 'migrate']]
  target = Option.String()
  run = async () => void this.context.stdout.write(`migrated to ${this.target}\n`)
}
class Telemetry extends Command {
  static override paths = [['telemetry']]
  args = Option.Proxy()
  execute = async () => (await import('otlp-tally/cli')).runTelemetryCommand(this.args)
}
const cli = new Cli({ binaryName: 'trix', binaryVersion: '0.19.3' })
for (const command of [Migrate, Telemetry, Builtins.VersionCommand]) cli.register(command)
await cli.runExit(process.argv.slice(2))

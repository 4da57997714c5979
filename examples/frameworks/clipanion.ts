import { Builtins, Cli, Command, Option } from 'clipanion'
import { initTelemetry } from 'otlp-tally'

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
  run = () => {
    this.context.stdout.write(`migrated to ${this.target}\n`)
    return Promise.resolve()
  }
}
class Telemetry extends Command {
  static override paths = [['telemetry']]
  args = Option.Proxy()
  async execute() {
    const { runTelemetryCommand } = await import('otlp-tally/cli')
    return runTelemetryCommand(this.args)
  }
}
const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: Migrate.paths.map(path => path.join(' ')),
})

const cli = new Cli({ binaryName: 'trix', binaryVersion: '0.19.3' })
for (const command of [Migrate, Telemetry, Builtins.VersionCommand]) cli.register(command)

const given = process.argv.slice(2)
const words = given.filter(word => !word.startsWith('-')).join(' ')
const known = [Migrate, Telemetry].some(({ paths: [path] }) => `${words} `.startsWith(`${path.join(' ')} `))
if (words && !known) trackCommand(words) // not in the list: `unknown`
await cli.runExit(given)

import { Command } from 'commander'
import { initTelemetry } from 'otlp-tally'

const program = new Command('trix').version('0.19.3')
// Before the commands are added, since they inherit it.
program.exitOverride(({ code, exitCode }) => {
  if (code === 'commander.unknownCommand') trackCommand(program.args.join(' ')) // not in the list: `unknown`
  process.exit(exitCode)
})
const database = program.command('db')
database.command('migrate <target>').action(target => console.log(`migrated to ${target}`))

/** `db migrate`, and not an alias. @type {(command: Command) => string} */
const nameOf = command =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
/** All commands that do not only hold others. @type {(command: Command) => string[]} */
const namesIn = ({ commands }) =>
  commands.flatMap(command => (command.commands.length > 0 ? namesIn(command) : nameOf(command)))

// After the commands are added, so the list has all of them.
const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: namesIn(program),
})
// Runs after parsing and validation, before the action. With `--help` or an error there is no action.
program.hook('preAction', (_, command) => trackCommand(nameOf(command)))

// Passes flags on, `--help` too.
const telemetry = program.command('telemetry [args...]').allowUnknownOption().helpOption(false)
telemetry.action(async words => {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(words)
})
await program.parseAsync()

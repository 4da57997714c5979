import { Command } from 'commander'
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})

/** `db migrate`, and not an alias. @type {(command: Command) => string} */
const nameOf = command =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

const program = new Command('trix').version('0.19.3')
// Comes after parsing and validation, before the action; where there is `--help` or an error, there is no action.
program.hook('preAction', (_, command) => trackCommand(nameOf(command)))
program.exitOverride(({ code, exitCode }) => {
  if (code === 'commander.unknownCommand') trackCommand(program.args.join(' ')) // not in the list: `unknown`
  process.exit(exitCode)
})

const db = program.command('db')
db.command('migrate <target>').action(target => console.log(`migrated to ${target}`))

// Flags are passed on, `--help` too.
const telemetry = program.command('telemetry [args...]').allowUnknownOption().helpOption(false)
telemetry.action(async args => {
  process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(args)
})
await program.parseAsync()

import { Module } from '@nestjs/common'
import type * as commander from 'commander'
import { Command, CommandFactory, CommandRunner, InjectCommander, SubCommand } from 'nest-commander'
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})

const nameOf = (command: commander.Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
@SubCommand({ name: 'migrate', arguments: '<target>' })
class Migrate extends CommandRunner {
  run([target]: string[]) {
    console.log(`migrated to ${target}`)
    return Promise.resolve()
  }
}
@Command({ name: 'db', subCommands: [Migrate] })
class Database extends CommandRunner {
  run(words: string[]): Promise<void> {
    if (words.length > 0) trackCommand(['db', words[0]].join(' ')) // not in the list: `unknown`
    this.command.help({ error: true })
  }
}
@Module({ providers: [Database, Migrate] })
class App {
  @InjectCommander() program!: commander.Command
  // Comes after parsing and validation. `db` alone has commands, and only shows its help.
  onModuleInit = () =>
    this.program.hook('preAction', (_, it) => (it.commands.length > 0 ? undefined : trackCommand(nameOf(it))))
}
function errorHandler(error: Error): never {
  const { code, exitCode } = error as commander.CommanderError
  if (code === 'commander.unknownCommand') trackCommand(error.message) // not in the list: `unknown`
  process.exit(exitCode)
}
if (process.argv[2] === 'telemetry') {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(3))
} else await CommandFactory.run(App, { version: '0.19.3', errorHandler })

import { initTelemetry } from 'otlp-tally'
import sade from 'sade'

const commands = ['db migrate']
const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands,
})

const cli = sade('trix').version('0.19.3')
cli.command('db migrate <target>').action(target => console.log(`migrated to ${target}`))
cli.command('telemetry', 'what is counted').action(async () => {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(process.argv.indexOf('telemetry') + 1))
})

// sade ends the process where it knows no such command, so this looks before. Not in the list: `unknown`.
const words = process.argv
  .slice(2)
  .filter(word => !word.startsWith('-'))
  .join(' ')
if (words && ![...commands, 'telemetry'].some(name => `${words} `.startsWith(`${name} `))) trackCommand(words)

// `lazy` returns the command instead of running it; nothing after `--help`, and an error has ended the process.
const command = cli.parse(process.argv, { lazy: true })
if (command) trackCommand(command.name)
await command?.handler(...command.args)

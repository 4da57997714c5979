import { initTelemetry } from 'otlp-tally'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'

/** @param {Record<string, unknown>} values */
const migrate = ({ target }) => console.log(`migrated to ${target}`)
const tables = [{ command: 'migrate <target>', describe: 'change them', handler: migrate }]

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: tables.map(({ command }) => `db ${command.split(' ', 1)[0]}`), // the modules that yargs gets below
})

const cli = yargs(hideBin(process.argv)).scriptName('trix').version('0.19.3').locale('en').demandCommand(1)
// `strict` refuses words that are no command, `populate--` keeps what follows `--` out of `_`.
cli.strictCommands().strict().parserConfiguration({ 'populate--': true })
// Runs after validation.
cli.middleware(({ _ }) => trackCommand(_.join(' ')))
cli.fail((message, error, failed) => {
  if (message?.startsWith('Unknown command')) trackCommand(message) // not in the list: `unknown`
  failed.showHelp('error')
  console.error(`\n${message ?? error}`)
  process.exit(1)
})
cli.command('db', 'tables', own => own.command(tables).demandCommand(1))

const flagsToo = (/** @type {typeof cli} */ own) => own.strict(false).strictCommands(false).help(false)
cli.command('telemetry', 'what is counted', flagsToo, async () => {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(process.argv.indexOf('telemetry') + 1))
})
await cli.parseAsync()

import { initTelemetry, trackCommand } from 'otlp-tally'
import yargs from 'yargs'
import { hideBin } from 'yargs/helpers'

initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318' })

const cli = yargs(hideBin(process.argv)).scriptName('trix').version('0.19.3').demandCommand(1)
// Comes after validation. `strict` refuses words that are no command, `populate--` takes what is behind `--` out of `_`.
cli.strict().parserConfiguration({ 'populate--': true })
cli.middleware(({ _ }) => trackCommand(_.join(' ')))

/** @param {Record<string, unknown>} args */
const migrate = ({ target }) => console.log(`migrated to ${target}`)
cli.command('db', 'tables', db => db.command('migrate <target>', 'change them', {}, migrate).demandCommand(1))

const flagsToo = (/** @type {typeof cli} */ own) => own.strict(false).help(false)
cli.command('telemetry', 'what is counted', flagsToo, async () => {
  const args = process.argv.slice(process.argv.indexOf('telemetry') + 1)
  process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(args)
})
await cli.parseAsync()

import { cac } from 'cac'
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})

const cli = cac('trix').help().version('0.19.3')
// cac has neither nested commands nor hooks. It calls an action when all is valid, and the action knows its name.
cli.command('db <action> <target>').action((action, target) => {
  trackCommand(['db', action].join(' ')) // what is not in the list is `unknown`
  if (action !== 'migrate') throw new Error(`db ${action}: unknown command`)
  console.log(`migrated to ${target}`)
})
cli
  .command('telemetry [...args]')
  .allowUnknownOptions()
  .action(async () => {
    const args = process.argv.slice(process.argv.indexOf('telemetry') + 1)
    process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(args)
  })
cli.addEventListener('command:*', () => {
  if (!cli.options.help) trackCommand(cli.args.join(' ')) // not in the list: `unknown`
  process.exit(1)
})
cli.parse()

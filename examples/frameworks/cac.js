import { cac } from 'cac'
import { initTelemetry, trackCommand } from 'otlp-tally'

initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318' })

const cli = cac('trix').help().version('0.19.3')
// cac has neither nested commands nor hooks. It calls an action when all is valid, and the action knows its name.
cli.command('db <action> <target>').action((action, target) => {
  if (action !== 'migrate') throw new Error(`db ${action}: unknown command`)
  trackCommand('db migrate')
  console.log(`migrated to ${target}`)
})
cli
  .command('telemetry [...args]')
  .allowUnknownOptions()
  .action(async () => {
    const args = process.argv.slice(process.argv.indexOf('telemetry') + 1)
    process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(args)
  })
cli.addEventListener('command:*', () => process.exit(1))
cli.parse()

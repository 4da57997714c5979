import { cac } from 'cac'
import { initTelemetry } from 'otlp-tally'

const tables = new Map([['migrate', (/** @type {string} */ target) => console.log(`migrated to ${target}`)]])

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: [...tables.keys()].map(name => `db ${name}`),
})

const cli = cac('trix').help().version('0.19.3')
// cac has neither nested commands nor hooks. It calls an action when all is valid, and the action knows its name.
cli.command('db <action> <target>').action((action, target) => {
  trackCommand(`db ${action}`) // what is not in the list is `unknown`
  const run = tables.get(action)
  if (!run) throw new Error(`db ${action}: unknown command`)
  run(target)
})
cli
  .command('telemetry [...args]')
  .allowUnknownOptions()
  .action(async () => {
    const { runTelemetryCommand } = await import('otlp-tally/cli')
    process.exitCode = await runTelemetryCommand(process.argv.slice(process.argv.indexOf('telemetry') + 1))
  })
cli.addEventListener('command:*', () => {
  if (!cli.options.help) trackCommand(cli.args.join(' ')) // not in the list: `unknown`
  process.exit(1)
})
cli.parse()

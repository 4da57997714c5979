import { defineCittyPlugin, defineCommand, runMain } from 'citty'
import { initTelemetry, trackCommand } from 'otlp-tally'

initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318' })

/** A command's plugins are set up when its arguments were found valid. @param {string} name */
const counted = name => defineCittyPlugin({ name: 'telemetry', setup: () => trackCommand(name) })

const migrate = defineCommand({
  plugins: [counted('db migrate')],
  args: { target: { type: 'positional' } },
  run: ({ args }) => console.log(`migrated to ${args.target}`),
})
const telemetry = defineCommand({
  async run({ rawArgs }) {
    process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(rawArgs)
  },
})
const db = defineCommand({ subCommands: { migrate } })
runMain(defineCommand({ meta: { name: 'trix', version: '0.19.3' }, subCommands: { db, telemetry } }))

import { defineCittyPlugin, defineCommand, runMain } from 'citty'
import { initTelemetry, trackCommand } from 'otlp-tally'

/** A command's plugins are set up when its arguments were found valid. @param {string} name */
const counted = name => defineCittyPlugin({ name: 'telemetry', setup: () => trackCommand(name) })

/** A word that is none of the commands here is `unknown`. @param {object} subCommands */
const holds = subCommands =>
  defineCittyPlugin({
    name: 'unknown',
    setup({ rawArgs }) {
      const word = rawArgs.find(given => !given.startsWith('-'))
      if (word && !Object.hasOwn(subCommands, word)) trackCommand(word)
    },
  })

const migrate = defineCommand({
  plugins: [counted('db migrate')],
  args: { target: { type: 'positional' } },
  run: ({ args }) => console.log(`migrated to ${args.target}`),
})
const telemetry = defineCommand({
  async run({ rawArgs }) {
    const { runTelemetryCommand } = await import('otlp-tally/cli')
    process.exitCode = await runTelemetryCommand(rawArgs)
  },
})
const tables = { migrate }
initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: Object.keys(tables).map(name => `db ${name}`),
})
const database = defineCommand({ subCommands: tables, plugins: [holds(tables)] })
const subCommands = { db: database, telemetry }
const meta = { name: 'trix', version: '0.19.3' }
runMain(defineCommand({ meta, subCommands, plugins: [holds(subCommands)] }))

import { defineCittyPlugin, defineCommand, runMain } from 'citty'
import { initTelemetry } from 'otlp-tally'

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['db migrate'],
})

/** A command's plugins are set up when its arguments were found valid. @param {string} name */
const counted = name => defineCittyPlugin({ name: 'telemetry', setup: () => trackCommand(name) })

/** Of what only holds commands: a word that is none of them is `unknown`. @param {object} subCommands */
const holds = subCommands =>
  defineCittyPlugin({
    name: 'unknown',
    setup({ rawArgs }) {
      const word = rawArgs.find(arg => !arg.startsWith('-'))
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
    process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(rawArgs)
  },
})
const db = defineCommand({ subCommands: { migrate }, plugins: [holds({ migrate })] })
const meta = { name: 'trix', version: '0.19.3' }
runMain(defineCommand({ meta, subCommands: { db, telemetry }, plugins: [holds({ db, telemetry })] }))

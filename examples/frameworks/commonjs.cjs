const { parseArgs } = require('node:util')
const { initTelemetry } = require('otlp-tally')

const commands = new Map([['db migrate', (/** @type {string} */ to) => console.log(`migrated to ${to}`)]])
const flag = /** @type {const} */ ({ type: 'boolean' })

const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: [...commands.keys()],
})

async function main() {
  if (process.argv[2] === 'telemetry') {
    const { runTelemetryCommand } = await import('otlp-tally/cli')
    process.exitCode = await runTelemetryCommand(process.argv.slice(3))
  } else {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: flag, version: flag },
    })
    const name = positionals.slice(0, 2).join(' ')
    const [run, target] = [commands.get(name), positionals[2]]
    if (values.help) console.log('usage: trix db migrate TARGET')
    else if (values.version) console.log('0.19.3')
    else if (run && target) {
      trackCommand(name)
      run(target)
    } else {
      if (name && !run) trackCommand(name) // not in the list: `unknown`
      process.exitCode = 2
    }
  }
}
main()

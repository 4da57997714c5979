import Pastel from 'pastel'
import { trackCommand } from './telemetry.js'

const given = process.argv.slice(2)
const words = given
  .filter(word => !word.startsWith('-'))
  .slice(0, 2)
  .join(' ')
// Before pastel, which knows only the flags that are declared.
if (given[0] === 'telemetry') {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(given.slice(1))
} else {
  if (words && words !== 'db migrate') trackCommand(words) // not in the list: `unknown`
  await new Pastel({ importMeta: import.meta, name: 'trix', version: '0.19.3' }).run()
}

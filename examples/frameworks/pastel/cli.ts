import { initTelemetry } from 'otlp-tally'
import Pastel from 'pastel'

initTelemetry({ name: 'trix', version: '0.19.3', endpoint: 'http://127.0.0.1:4318' })

// Before pastel, which knows only the flags that are declared.
if (process.argv[2] === 'telemetry')
  process.exitCode = await (await import('otlp-tally/cli')).runTelemetryCommand(process.argv.slice(3))
else await new Pastel({ importMeta: import.meta, name: 'trix', version: '0.19.3' }).run()

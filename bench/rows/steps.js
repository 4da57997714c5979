// What each step of a command costs in a new process, in ms of CPU, as JSON.
import { writeFileSync } from 'node:fs'

const now = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
now() // The first call costs more than the others.
const times = [now()]
const { initTelemetry } = await import('otlp-tally')
times.push(now())
const { trackCommand } = initTelemetry({
  name: 'bench',
  version: '1.0.0',
  endpoint: process.env.BENCH_ENDPOINT,
  commands: ['build'],
})
times.push(now())
trackCommand('build')
times.push(now())

// Measures all exit handlers together, because that of the library can be anywhere among them.
const emit = process.emit
process.emit = function (event, ...values) {
  const before = now()
  const result = emit.call(this, event, ...values)
  if (event === 'exit') write(before, now())
  return result
}

function write(before, after) {
  const steps = times.slice(1).map((time, i) => time - times[i])
  writeFileSync(process.env.BENCH_STEPS, JSON.stringify([...steps, after - before]))
}

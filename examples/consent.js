#!/usr/bin/env node
// A tool that asks before it counts anything: consent by question instead of by notice.
import { existsSync } from 'node:fs'
import { initTelemetry } from 'otlp-tally'
import { askConsent, runTelemetryCommand } from 'otlp-tally/cli'

const [command = 'hello', ...args] = process.argv.slice(2)
const { trackCommand } = initTelemetry({
  name: 'trix',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['hello'],
  consent: 'explicit',
})

if (command === 'telemetry') {
  process.exitCode = await runTelemetryCommand(args)
} else {
  // For tests: work that the user may type into.
  if (process.env.ASK_AFTER) await work()
  // Asks once, on a terminal only; returns at once for everybody who has answered, and in CI.
  await askConsent({ default: 'no', timeoutMs: Number(process.env.ASK_MS ?? 30_000) })
  trackCommand(command)
  console.log('hello')
}

async function work() {
  console.log('working')
  while (!existsSync('ask')) await new Promise(resolve => setTimeout(resolve, 20))
}

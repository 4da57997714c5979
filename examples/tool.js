#!/usr/bin/env node
// trix, a small tool for folders of JSON documents: the tool that the demo and the tests run.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { initTelemetry } from 'otlp-tally'

const commands = {
  init({ dir }) {
    writeFileSync(join(dir, 'hello.json'), '{ "hello": "world" }\n', { flag: 'wx' })
    return 'wrote hello.json'
  },
  check({ dir }) {
    const broken = documents(dir).filter(({ error }) => error)
    for (const { name, error } of broken) console.error(`${name}: ${error.message}`)
    // A command may end itself. What it counted is delivered all the same.
    if (broken.length) process.exit(3)
    return 'all documents are well-formed'
  },
  build({ dir }) {
    return JSON.stringify(
      Object.fromEntries(
        documents(dir).map(({ name, value, error }) => {
          if (error) throw error // and so it is when a command dies of an uncaught error
          return [name, value]
        }),
      ),
    )
  },
  async test({ dir }) {
    const found = documents(dir)
    trackEvent('documents_tested', { empty: found.length === 0 })
    await flushTelemetry()
    return `${found.length} documents`
  },
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { dir: { type: 'string', default: '.' }, telemetry: { type: 'boolean', default: true } },
  allowNegative: true,
})
const [command = 'help'] = positionals

const { trackCommand, trackEvent, flushTelemetry } = initTelemetry({
  name: 'trix',
  version: process.env.TRIX_VERSION ?? '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: ['init', 'check', 'build', 'test'],
  events: { documents_tested: { empty: Boolean } },
  disabled: !values.telemetry,
  noticeVersion: Number(process.env.TRIX_NOTICE ?? 1),
})

if (Object.hasOwn(commands, command)) {
  trackCommand(command)
  console.log(await commands[command](values))
} else if (command === 'telemetry') {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(process.argv.indexOf('telemetry') + 1))
} else {
  // Counted as `unknown`: how often people try what does not exist, and never what they typed.
  if (command !== 'help') {
    trackCommand(command)
    console.error(`unknown command: ${command}`)
  }
  console.error(`usage: trix ${Object.keys(commands).join('|')}|telemetry [--dir DIR] [--no-telemetry]`)
  process.exitCode = command === 'help' ? 0 : 2
}

function documents(dir) {
  return readdirSync(dir)
    .filter(name => name.endsWith('.json'))
    .map(name => {
      try {
        return { name, value: JSON.parse(readFileSync(join(dir, name), 'utf8')) }
      } catch (error) {
        return { name, error }
      }
    })
}

#!/usr/bin/env node
// Runs the example tool a dozen times as real processes, and compares what a receiver counted with what was run.
// DEMO_ENDPOINT=http://127.0.0.1:4318 passes everything on to a Collector of yours, and counts what it has taken.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = mkdtempSync(join(tmpdir(), 'otlp-tally-demo-'))
const file = name => fileURLToPath(new URL(name, import.meta.url))

const runs = [
  ['init'],
  ['build'],
  ['check'],
  ['test'],
  // Three at the same time.
  ['build', 'build', 'check'],
  ['build'],
  // Ended by process.exit(3), and by an uncaught error: a document is broken now.
  () => writeFileSync(join(root, 'broken.json'), '{'),
  ['check'],
  ['build'],
  () => rmSync(join(root, 'broken.json')),
  ['build'],
  ['test'],
]

const collector = process.env.DEMO_ENDPOINT
const listener = collector ? undefined : await startListener()
const gate = await startGate(collector ?? listener.endpoint)
const environment = {
  PATH: process.env.PATH,
  HOME: root,
  TRIX_TELEMETRY: 'on',
  TRIX_TELEMETRY_ENDPOINT: gate.endpoint,
}

console.log(`home    ${root} (removed at the end)
config  ${root}/.config/trix/config.toml (there is none: TRIX_TELEMETRY=on is consent enough)
state   ${root}/.local/state/trix
sends   to ${collector ?? 'otlp-tally listen'}\n`)

const ran = {}
for (const step of runs) {
  if (typeof step === 'function') step()
  else await Promise.all(step.map(run))
}
// Nobody waits for a delivery. So the demo asks until the last body is there, for 10 s at most.
const deadline = Date.now() + 10_000
while (Date.now() < deadline && differences(gate.counts(), ran).length)
  await new Promise(resolve => setTimeout(resolve, 20))

const printed = await listener?.stop()
if (printed) console.log(`\n${printed}`)
const counted = printed ? totals(printed) : gate.counts()
console.log(`\ncommand    run  ${collector ? `taken by ${collector}` : 'counted by the receiver'}`)
for (const command of Object.keys(ran))
  console.log(
    `${command.padEnd(8)} ${String(ran[command]).padStart(5)} ${String(counted[command] ?? 0).padStart(8)}`,
  )
gate.stop()
rmSync(root, { recursive: true, force: true, maxRetries: 5 })

const wrong = [...differences(counted, ran), ...gate.refused]
console.log(wrong.length ? `\nnot equal: ${wrong.join('; ')}` : '\nall equal')
process.exitCode = wrong.length ? 1 : 0

function run(command) {
  ran[command] = (ran[command] ?? 0) + 1
  return new Promise(resolve => {
    const options = { cwd: root, env: environment, stdio: 'ignore' }
    const child = spawn(process.execPath, [file('tool.js'), command], options)
    child.on('close', status => {
      console.log(`trix ${command.padEnd(6)} exit code ${status}`)
      resolve()
    })
  })
}

/** What differs, in words. */
function differences(counted, ran) {
  return [...new Set([...Object.keys(counted), ...Object.keys(ran)])]
    .filter(key => counted[key] !== ran[key])
    .map(key => `${key} was run ${ran[key] ?? 0} times and counted ${counted[key] ?? 0} times`)
}

/** Passes each body on, and keeps the highest value of each series that the other side answered 200 to. */
async function startGate(target) {
  const highest = new Map()
  const refused = []
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const headers = { 'content-type': request.headers['content-type'] }
    const answer = await fetch(target + request.url, { method: 'POST', headers, body }).catch(() => undefined)
    if (answer?.status === 200) keep(JSON.parse(body), highest)
    else refused.push(answer ? `answered ${answer.status}: ${await answer.text()}` : 'nobody answers')
    response.writeHead(answer?.status ?? 502).end()
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    counts: () => Object.fromEntries(highest),
    refused,
    stop: () => server.close() && server.closeAllConnections(),
  }
}

function keep({ resourceMetrics }, highest) {
  for (const { name, sum } of resourceMetrics[0].scopeMetrics[0].metrics) {
    if (name !== 'command_invocation') continue
    for (const { attributes, asInt } of sum.dataPoints) {
      const [{ value }] = attributes
      highest.set(value.stringValue, Math.max(Number(asInt), highest.get(value.stringValue) ?? 0))
    }
  }
}

/** The runs at the end of what `otlp-tally listen` printed: `6  trix build`. */
function totals(printed) {
  const [, runs = ''] = /\nruns\n([\s\S]*?)\n\n/.exec(printed) ?? []
  const rows = [...runs.matchAll(/^ *(\d+) {2}trix (\w+)/gm)]
  return Object.fromEntries(rows.map(([, count, command]) => [command, Number(count)]))
}

/** `otlp-tally listen` on a free port. `stop` resolves with what it printed. */
async function startListener() {
  const child = spawn(process.execPath, [file('../dist/bin.js'), 'listen', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', text => (output += text))
  const ended = new Promise(resolve => child.on('close', resolve))
  while (!output.includes('/v1/metrics')) await new Promise(resolve => setTimeout(resolve, 10))
  return {
    endpoint: /http:\/\/[\d.:]+/.exec(output)[0],
    async stop() {
      child.kill('SIGINT')
      await ended
      return output
    },
  }
}

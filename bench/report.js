// How fast `otlp-tally report FILE` reads the file of a large fleet, and how much memory it takes: whole processes.
// `node bench/report.js [installations] [days]`
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomOf } from './random.js'

const [installations, days] = [Number(process.argv[2] ?? 2000), Number(process.argv[3] ?? 180)]
const BIN = join(import.meta.dirname, '../dist/bin.js')
const ROUNDS = 5
const DAY = 86_400_000

const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-bench-'))
try {
  const file = join(folder, 'fleet.jsonl')
  write(file)
  const size = statSync(file).size / 1e6
  console.log(`${installations} installations, ${days} days: ${size.toFixed(0)} MB`)
  for (const form of ['--json', '--html']) {
    const rounds = Array.from({ length: ROUNDS }, () => measured([BIN, 'report', file, form, '--force']))
    const best = key => Math.min(...rounds.map(round => round[key]))
    const speed = size / best('cpu')
    console.log(
      `report ${form}: ${speed.toFixed(0)} MB per CPU second, ${best('memory').toFixed(0)} MB of memory`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function measured(args) {
  // The process prints what it has cost when it ends: user and system time in s, memory in MB.
  const report =
    'process.on("exit", () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); process.stderr.write("\\n" + (userCPUTime + systemCPUTime) / 1e6 + " " + maxRSS / 1024) })'
  const loaded = `data:text/javascript,${encodeURIComponent(report)}`
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 }
  const { stderr, status } = spawnSync(process.execPath, ['--import', loaded, ...args], options)
  if (status !== 0) throw new Error(stderr)
  const [cpu, memory] = stderr.trim().split('\n').at(-1).split(' ').map(Number)
  return { cpu, memory }
}

/** Writes bodies as the library sends them: each with all that its installation has counted with its version. */
function write(file) {
  const random = randomOf(7)
  const ids = Array.from({ length: installations }, (_, who) =>
    createHash('sha256').update(`${who}`).digest('hex'),
  )
  const counted = new Map()
  const attribute = (key, stringValue) => ({ key, value: { stringValue } })
  for (let ago = days; ago >= 0; ago--) {
    const lines = []
    for (const [who, id] of ids.entries()) {
      if (random() > 0.25) continue
      const time = Date.now() - ago * DAY - Math.floor(random() * 3e7)
      const version = `1.${Math.floor((days - ago + (who % 19)) / 16)}.0`
      const key = `${who} ${version}`
      if (!counted.has(key)) counted.set(key, { start: time - 5, commands: new Map() })
      const { start, commands } = counted.get(key)
      for (let run = random() * 4; run > 0; run--) {
        const command = `command ${Math.floor(40 * random() ** 2)}`
        commands.set(command, (commands.get(command) ?? 0) + 1)
      }
      const dataPoints = [...commands].map(([command, count]) => ({
        attributes: [attribute('command_name', command)],
        startTimeUnixNano: `${start}000000`,
        timeUnixNano: `${time}000000`,
        asInt: `${count}`,
      }))
      const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints }
      const metrics = [
        { name: 'command_invocation', description: 'Invocations of commands', unit: '{invocation}', sum },
      ]
      const resource = Object.entries({
        ...{ 'service.name': 'trix', 'service.version': version },
        ...{ 'service.instance.id': id.slice(0, 36), 'user.fingerprint': id },
      }).map(([key, value]) => attribute(key, value))
      const scopeMetrics = [{ scope: { name: 'otlp-tally', version: '0.3.0' }, metrics }]
      lines.push(
        `${JSON.stringify({ resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics }] })}\n`,
      )
    }
    appendFileSync(file, lines.join(''))
  }
}

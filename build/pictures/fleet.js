// An invented fleet: 214 installations of a tool over four months, as OTLP/JSON lines. It is the same each time but for
// its days, which end today.

import { randomOf } from '../../bench/random.js'

const DAY = 86_400_000
const COMMANDS = [
  ['build', 37],
  ['test', 21],
  ['check', 16],
  ['deploy', 9],
  ['init', 6],
  ['db migrate', 5],
  ['doctor', 4],
  ['unknown', 2],
]
const VERSIONS = [
  ['1.0.0', 500],
  ['1.1.0', 75],
  ['1.2.0', 33],
]

const INSTALLATIONS = 214
const DAYS = 130

export function fleet() {
  const random = randomOf(7)
  const weights = COMMANDS.reduce((sum, [, weight]) => sum + weight, 0)
  const today = new Date().setHours(12, 0, 0, 0)
  const lines = []
  for (let ago = DAYS; ago >= 0; ago--) {
    const time = Math.min(today - ago * DAY, Date.now() - 60_000)
    const weekend = new Date(time).getDay() % 6 === 0
    for (let who = 0; who < INSTALLATIONS; who++) {
      // Installations are added one after the other, and none is used every day.
      if (who > INSTALLATIONS * (0.35 + (0.65 * (DAYS - ago)) / DAYS)) continue
      if (random() > (weekend ? 0.08 : 0.34)) continue
      const runs = 1 + Math.floor(random() * 4)
      for (let run = 0; run < runs; run++) {
        const command = pick(COMMANDS, weights, random)
        if (command === 'doctor' && ago < 6) continue
        const agent =
          who % 3 === 0 && random() < 0.2 + (0.5 * (DAYS - ago)) / DAYS
            ? ['claude-code', 'cursor', 'copilot'][(who % 4) % 3]
            : undefined
        const version = VERSIONS.findLast(([, since]) => ago <= since - ((who * 37) % 19))?.[0] ?? '1.0.0'
        const failed = random() < (command === 'deploy' ? (ago < 30 ? 0.14 : 0.06) : 0.02)
        lines.push(body({ who, time, command, agent, version, failed }))
      }
    }
  }
  return lines.map(line => `${JSON.stringify(line)}\n`).join('')
}

function pick(commands, weights, random) {
  let rest = random() * weights
  return commands.find(([, weight]) => (rest -= weight) < 0)[0]
}

function body({ who, time, command, agent, version, failed }) {
  const attribute = ([key, stringValue]) => ({ key, value: { stringValue } })
  const attributes = [['command_name', command], ...(agent ? [['agent', agent]] : [])].map(attribute)
  const point = {
    attributes,
    startTimeUnixNano: `${time - 2}000000`,
    timeUnixNano: `${time}000000`,
    asInt: '1',
  }
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] }
  const names = ['command_invocation', ...(failed ? ['command_failure'] : [])]
  const resource = { 'service.name': 'trix', 'service.version': version, 'user.fingerprint': String(who) }
  return {
    resourceMetrics: [
      {
        resource: { attributes: Object.entries(resource).map(attribute) },
        scopeMetrics: [{ metrics: names.map(name => ({ name, sum })) }],
      },
    ],
  }
}

// A fleet that there could be: 214 installations of a tool over four months, as OTLP/JSON lines. The same each time but
// for its days, which end today.

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

/** @param {{ installations?: number, days?: number, commands?: readonly [string, number][], agents?: boolean, failures?: boolean }} wanted */
export function fleet({
  installations = 214,
  days = 130,
  commands = COMMANDS,
  agents = true,
  failures = true,
} = {}) {
  const random = randomFrom(7)
  const weights = commands.reduce((sum, [, weight]) => sum + weight, 0)
  const today = new Date().setHours(12, 0, 0, 0)
  const lines = []
  for (let ago = days; ago >= 0; ago--) {
    const time = Math.min(today - ago * DAY, Date.now() - 60_000)
    const weekend = new Date(time).getDay() % 6 === 0
    for (let who = 0; who < installations; who++) {
      // They come one after the other, and some days they have something else to do.
      if (who > installations * (0.35 + (0.65 * (days - ago)) / days)) continue
      if (random() > (weekend ? 0.08 : 0.34)) continue
      const runs = 1 + Math.floor(random() * 4)
      for (let run = 0; run < runs; run++) {
        const command = pick(commands, weights, random)
        if (command === 'doctor' && ago < 6) continue
        const agent =
          agents && who % 3 === 0 && random() < 0.2 + (0.5 * (days - ago)) / days
            ? ['claude-code', 'cursor', 'copilot'][(who % 4) % 3]
            : undefined
        const version = VERSIONS.findLast(([, since]) => ago <= since - ((who * 37) % 19))?.[0] ?? '1.0.0'
        const failed = failures && random() < (command === 'deploy' ? (ago < 30 ? 0.14 : 0.06) : 0.02)
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

/** Numbers that look random and are the same each time. */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

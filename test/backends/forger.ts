import { createHash, randomUUID } from 'node:crypto'

/** What somebody sends who knows the format, the address and the token, which is everybody. */
export interface Forged {
  version?: string
  command?: string
  agent?: string
  fingerprint?: string
  instance?: string
  value?: number
}

/** A body of forged installations, in the smallest form that a Collector takes. */
export function forgedBody(installations: readonly Forged[], now: number = Date.now()): string {
  return JSON.stringify({ resourceMetrics: installations.map(one => forged(one, now)) })
}

/** So many installations that nobody has, from a number on. The same number is the same installation. */
export function crowdOfForgers(
  from: number,
  count: number,
  more: (i: number) => Forged = () => ({}),
): Forged[] {
  return Array.from({ length: count }, (_, i) => ({
    fingerprint: createHash('sha256')
      .update(`forged ${from + i}`)
      .digest('hex'),
    ...more(from + i),
  }))
}

function forged(
  { version = '6.6.6', command = 'build', agent, fingerprint = 'f'.repeat(64), instance, value = 1 }: Forged,
  now: number,
): object {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const attributes = [attribute('command_name', command), ...(agent ? [attribute('agent', agent)] : [])]
  const time = { startTimeUnixNano: `${now - 1}000000`, timeUnixNano: `${now}000000` }
  const dataPoints = [
    { attributes, ...time, timeUnixNano: time.startTimeUnixNano, asInt: '0' },
    { attributes, ...time, asInt: `${value}` },
  ]
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints }
  return {
    resource: {
      attributes: [
        attribute('service.name', 'trix'),
        attribute('service.version', version),
        attribute('service.instance.id', instance ?? randomUUID()),
        attribute('user.fingerprint', fingerprint),
      ],
    },
    scopeMetrics: [{ metrics: [{ name: 'command_invocation', sum }] }],
  }
}

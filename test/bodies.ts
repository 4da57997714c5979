/** Names that harm a page or a terminal, or mislead a reader, where they are not shown as text. */
export const HOSTILE: Readonly<Record<string, string>> = {
  script: '<script>document.title="harmed"</script>',
  image: '"><img src=x onerror=document.title="harmed">',
  entity: '&lt;b&gt;\'"</main></pre>',
  escape: '\u001b[2J\u001b]0;harmed\u0007\u009b31m',
  override: '\u202eDETNUOC\u2066\u200f',
  lines: 'one\r\ntwo\u2028three\u0085four',
  long: 'x'.repeat(2 ** 20),
  wide: '日本語'.repeat(30),
}

/** What a body is about. */
export interface Sent {
  tool?: string
  version?: string
  who?: string
  /** More attributes of the resource. */
  resource?: Readonly<Record<string, string>>
  metric?: string
  command?: string
  agent?: string
  value?: number
  start?: number
  /** In ms since 1970, as the start. */
  time?: number
  /** Delta temporality instead of cumulative. */
  delta?: boolean
}

/** A body of one point, as any sender of OTLP/JSON could have written it. */
export function bodyOf(sent: Sent = {}): object {
  const { tool = 'trix', version = '0.19.3', who, metric = 'command_invocation', command = 'build' } = sent
  const { value = 1, time = Date.now(), start = time - 1000, delta = false, resource = {}, agent } = sent
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const attributes = [attribute('service.name', tool), attribute('service.version', version)]
  if (who !== undefined) attributes.push(attribute('user.fingerprint', who))
  for (const [key, value] of Object.entries(resource)) attributes.push(attribute(key, value))
  const point = {
    attributes: [...(agent ? [attribute('agent', agent)] : []), attribute('command_name', command)],
    startTimeUnixNano: `${start}000000`,
    timeUnixNano: `${time}000000`,
    asInt: String(value),
  }
  const sum = { aggregationTemporality: delta ? 1 : 2, isMonotonic: true, dataPoints: [point] }
  return {
    resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [{ name: metric, sum }] }] }],
  }
}

/** Bodies that have each of these names in each place where a name can be. */
export function hostileBodies(): object[] {
  return Object.values(HOSTILE).flatMap(name => [
    bodyOf({ tool: name, version: name, who: name, command: name }),
    bodyOf({ metric: name, command: 'build' }),
  ])
}

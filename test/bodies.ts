/** A stranger's names: what harms a page, a terminal or the person who reads it, where it is not shown as text. */
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

/** Who and what a body is about. Cumulative, unless it is said otherwise. */
export interface Sent {
  tool?: string
  version?: string
  who?: string
  metric?: string
  command?: string
  value?: number
  start?: number
  /** In ms since 1970, as the start. */
  time?: number
  delta?: boolean
}

/** A body of one point, as any sender of OTLP/JSON could have written it. */
export function bodyOf(sent: Sent = {}): object {
  const { tool = 'trix', version = '0.19.3', who, metric = 'command_invocation', command = 'build' } = sent
  const { value = 1, time = Date.now(), start = time - 1000, delta = false } = sent
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const attributes = [attribute('service.name', tool), attribute('service.version', version)]
  if (who !== undefined) attributes.push(attribute('user.fingerprint', who))
  const point = {
    attributes: [attribute('command_name', command)],
    startTimeUnixNano: `${start}000000`,
    timeUnixNano: `${time}000000`,
    asInt: String(value),
  }
  const sum = { aggregationTemporality: delta ? 1 : 2, isMonotonic: true, dataPoints: [point] }
  return {
    resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics: [{ name: metric, sum }] }] }],
  }
}

/** Bodies whose names are all hostile, each in every place that a name can be in. */
export function hostileBodies(): object[] {
  return Object.values(HOSTILE).flatMap(name => [
    bodyOf({ tool: name, version: name, who: name, command: name }),
    bodyOf({ metric: name, command: 'build' }),
  ])
}

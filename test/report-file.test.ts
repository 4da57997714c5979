import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bodyOf, HOSTILE, hostileBodies, type Sent } from './bodies.ts'
import { post, startListen } from './listening.ts'
import { BIN } from './paths.ts'
import { makeWorld, type Result, runProcess, type World } from './world.ts'

const NOW = Date.now()
const DAY = 86_400_000

/** A world with a file in.jsonl of these bodies in its working folder. A string is a line of the file. */
function withFile(...lines: readonly (Sent | string)[]): World {
  const world = makeWorld()
  const text = lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(bodyOf(line))}\n`)
  writeFileSync(join(world.cwd, 'in.jsonl'), text.join(''))
  return world
}

function report(world: World, ...args: string[]): Promise<Result> {
  return runProcess(process.execPath, [BIN, 'report', ...args], world)
}

/** The report of such a file as JSON. */
async function summary(...lines: readonly (Sent | string)[]) {
  const { status, stdout, stderr } = await report(withFile(...lines), 'in.jsonl', '--json')
  expect([status, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

describe('report FILE counts', () => {
  test('the increase of a cumulative series, and a body that was sent twice once', async () => {
    const series = { who: 'a', start: NOW - 9 * DAY }
    const { runs, today, steps } = await summary(
      { ...series, value: 2, time: NOW - 3 * DAY },
      { ...series, value: 5, time: NOW - DAY },
      { ...series, value: 5, time: NOW - DAY },
      { ...series, value: 4, time: NOW - 2 * DAY }, // an older one that comes late
      { ...series, value: 1, time: NOW, start: NOW - 1000 }, // a new start
    )
    expect([runs, today.runs]).toEqual([5, 1])
    expect(steps.runs).toEqual([2, 0, 3])
  })

  test('delta points by adding them up', async () => {
    const body = { value: 3, delta: true, time: NOW - DAY }
    expect(await summary(body, { ...body, time: NOW - 2 * DAY })).toMatchObject({ runs: 6 })
  })

  test('series apart by resource, metric and attributes, whatever the order of the attributes', async () => {
    const body = bodyOf({ who: 'a', value: 4, start: 1 }) as {
      resourceMetrics: { resource: { attributes: unknown[] } }[]
    }
    const turned = structuredClone(body)
    turned.resourceMetrics[0]!.resource.attributes.reverse()
    const { runs, events } = await summary(
      ...[body, turned].map(body => JSON.stringify(body)),
      { who: 'b', value: 2, start: 1 },
      { who: 'a', value: 1, start: 1, command: 'check' },
      { who: 'a', value: 7, start: 1, metric: 'command_failed' },
    )
    expect(runs).toBe(7)
    expect(events).toMatchObject([{ name: 'command_failed build', times: 7 }])
  })

  test('the installations of each day, and each installation with the version that it had last', async () => {
    const lines = [0, 0, 1, 2].flatMap((person, index) => ({
      who: `${person}`,
      time: NOW - (1 + (index % 2)) * DAY,
      value: index + 1,
      start: 1,
      version: person === 2 ? '0.20.0' : '0.19.3',
    }))
    const { installations, steps, versions } = await summary(...lines)
    expect(installations).toBe(3)
    expect(steps.installations).toEqual([2, 2])
    expect(versions).toMatchObject([
      { name: '0.19.3', installations: 2 },
      { name: '0.20.0', installations: 1 },
    ])
  })

  test('the systems and runtimes, by the last use of each installation', async () => {
    const on = (who: string, version: string, time: number): Sent => ({
      ...{ who, time },
      resource: {
        'os.type': 'linux',
        'process.runtime.name': 'nodejs',
        'process.runtime.version': version,
      },
    })
    const { environment } = await summary(
      on('a', '20.1.0', NOW - 3 * DAY),
      on('a', '22.14.0', NOW - DAY),
      on('b', '20', NOW - DAY),
    )
    expect(environment['operating systems']).toMatchObject([{ name: 'linux', installations: 2, share: 1 }])
    expect(environment.runtimes).toMatchObject([
      { name: 'nodejs 20', installations: 1 },
      { name: 'nodejs 22', installations: 1 },
    ])
  })

  test('the commands of another metric with --metric', async () => {
    const world = withFile({ metric: 'runs' }, { metric: 'runs', command: 'check', who: 'a' })
    const { stdout } = await report(world, 'in.jsonl', '--json', '--metric', 'runs', '--command', 'check')
    expect(JSON.parse(stdout)).toMatchObject({ command: { name: 'check' }, runs: 2, events: [] })
  })

  test('an event by its attributes, and nothing else, with --metric', async () => {
    const cups = (size: string, value: number) => {
      const body = JSON.stringify(bodyOf({ metric: 'cup_brewed', command: size, value, who: size }))
      return body.replace('command_name', 'size')
    }
    const world = withFile(cups('large', 3), cups('small', 1), { who: 'a' })
    const { stdout } = await report(world, 'in.jsonl', '--metric', 'cup_brewed')
    expect(stdout).toMatch(/^trix cup_brewed\n/)
    expect(stdout).toMatch(/^large +1 +50% +3 +3\.0$/m)
    expect(stdout).not.toContain('build')
    await report(world, 'in.jsonl', '--metric', 'cup_brewed', '--html', 'page.html')
    expect(readFileSync(join(world.cwd, 'page.html'), 'utf8')).toContain('>By size</h2>')
  })

  test('failures and agents beside the runs', async () => {
    const report = await summary(
      { value: 6, who: 'a' },
      { value: 2, who: 'a', agent: 'claude' },
      { value: 1, who: 'a', metric: 'command_failure' },
      { value: 1, who: 'a', agent: 'claude', metric: 'command_failure' },
    )
    expect(report).toMatchObject({
      ...{
        runs: 8,
        failed: 2,
        commands: [{ name: 'build', runs: 8, failed: 2, failedShare: 0.25 }],
        events: [],
      },
      agents: [
        { name: 'no agent detected', runs: 6, failed: 1 },
        { name: 'claude', runs: 2, failed: 1 },
      ],
    })
  })

  test('the tool with the most installations, or the one of --tool; another tool changes none of its numbers', async () => {
    const trix = ['a', 'b'].map(who => ({ who }))
    const { notes, ...alone } = await summary(...trix)
    const both = await summary(...trix, { tool: 'spam', value: 500, who: 'c' })
    expect({ ...both, notes: [] }).toEqual({ ...alone, notes })
    expect(both.notes).toEqual([
      'Also counted in in.jsonl: 1 tool of other names (spam); --tool NAME shows one.',
    ])
    const world = withFile(...trix, { tool: 'spam', value: 500 })
    const { stdout } = await report(world, 'in.jsonl', '--json', '--tool', 'spam')
    expect(JSON.parse(stdout)).toMatchObject({ subject: 'spam', runs: 500 })
    expect(await report(world, 'in.jsonl', '--tool', 'spma')).toMatchObject({
      status: 1,
      stderr: 'otlp-tally report: in.jsonl: the tool spma is not counted in it; did you mean spam?\n',
    })
  })

  test('what a tool has sent to listen --file', async () => {
    const world = makeWorld()
    const { page, printed } = await startListen('--file', join(world.cwd, 'in.jsonl'))
    const env = { TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: page }
    for (const [index, command] of ['build', 'build', 'check'].entries()) {
      await world.tool([command], env)
      await printed(`  ${command}  +1  (${command === 'build' ? index + 1 : 1})`)
    }
    const { stdout } = await report(world, 'in.jsonl')
    expect(stdout).toMatch(/^trix\ntoday, which is not over/)
    expect(stdout).toMatch(/^build +1 +100% +2 +2\.0$/m)
    expect(stdout).toMatch(/^installations per day +1 /m)
  })
})

test('the commands of docs/report.md, on what six installations have sent', async () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/report.md'), 'utf8')
  const [first, ...lines] = /^```sh\n([\s\S]*?)^```$/m.exec(page)![1]!.trim().split('\n')
  const [, name] = /^npx otlp-tally listen --file (\S+)$/.exec(first!)!
  const world = makeWorld()
  const { page: endpoint, printed } = await startListen('--file', join(world.cwd, name!))
  for (let who = 0; who < 6; who++) {
    const body = bodyOf({ who: `${who}`, command: 'doctor', start: NOW - 2 * DAY, time: NOW - DAY })
    await post(`${endpoint}/v1/metrics`, body)
  }
  await printed('doctor  +1  (1)')
  const said = []
  for (const line of lines) {
    const command = line.replace('npx otlp-tally', `'${process.execPath}' '${BIN}'`)
    const { status, stdout } = await runProcess('sh', ['-c', command], world)
    expect({ line, status }).toEqual({ line, status: 0 })
    said.push(stdout)
  }
  expect(said[0]).toMatch(/^doctor +6 /m)
  expect(said[2]).toContain('Can doctor be removed?')
  expect(readdirSync(world.cwd).sort()).toEqual([name, 'report.html', 'usage-dark.svg', 'usage.svg'])
})

describe('report FILE', () => {
  test('writes a page named after the file, and never over another file', async () => {
    const world = withFile({ who: 'a' })
    const { status, stdout, stderr } = await report(world, 'in.jsonl', '--html')
    expect([status, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(/^trix, \d+ \w+: written to in-usage\.html\n$/)
    expect(readFileSync(join(world.cwd, 'in-usage.html'), 'utf8')).toContain('from in.jsonl,')
    expect(await report(world, 'in.jsonl', '--html')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^otlp-tally report: in-usage\.html: .*--force/),
    })
    expect(await report(world, 'in.jsonl', '--html', 'nowhere/page.html')).toMatchObject({
      status: 1,
      stderr: 'otlp-tally report: nowhere/page.html: its folder does not exist\n',
    })
    expect(await report(world, 'in.jsonl', '--html', 'other.html', '--days', '7')).toMatchObject({
      status: 0,
    })
    expect(readFileSync(join(world.cwd, 'other.html'), 'utf8')).toContain(
      'checked><label for="range0">7 days',
    )
  })

  test('writes cards for a README, and prints the lines that show them', async () => {
    const world = withFile({ who: 'a' })
    const { status, stdout, stderr } = await report(world, 'in.jsonl', '--card')
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/written to in-card\.svg and in-card-dark\.svg\n$/),
    ])
    expect(stdout).toMatch(/^<picture>[\s\S]*srcset="in-card-dark\.svg"[\s\S]*src="in-card\.svg"/)
    for (const name of ['in-card.svg', 'in-card-dark.svg'])
      expect(readFileSync(join(world.cwd, name), 'utf8')).toContain('installations per day')
  })

  test('names the lines that it cannot read, and reads the others', async () => {
    const enumByName = JSON.stringify(bodyOf()).replace(
      '"aggregationTemporality":2',
      '"aggregationTemporality":"X"',
    )
    const world = withFile({}, '{', '', '[]', enumByName, '{"resourceSpans":[]}', { who: 'a' })
    const { status, stdout, stderr } = await report(world, 'in.jsonl', '--json')
    expect([status, JSON.parse(stdout).runs]).toEqual([0, 2])
    expect(stderr.split('\n').map(line => line.slice(0, 70))).toEqual([
      expect.stringMatching(/line 2 is skipped: not JSON/),
      expect.stringMatching(/line 4 is skipped: expected an object, got an ar/),
      expect.stringMatching(/line 5 is skipped: resourceMetrics\[0\]/),
      expect.stringMatching(/line 6 is skipped: no metrics: expected/),
      '',
    ])
  })

  test('says what was expected and ends with 1 where no line can be read', async () => {
    const { status, stdout, stderr } = await report(withFile(...Array(100).fill('no')), 'in.jsonl')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr.split('\n')).toHaveLength(13)
    expect(stderr).toContain('and 90 more lines\n')
    expect(stderr).toContain(
      'no line could be read: expected OTLP/JSON, one {"resourceMetrics":[…]} per line\n',
    )
  })

  test('says why, writes nothing and ends with 1 where the file cannot be read or has no counts', async () => {
    const world = withFile()
    const said = async (...args: string[]) => {
      const { status, stdout, stderr } = await report(world, ...args)
      expect([args, status, stdout]).toEqual([args, 1, ''])
      return stderr
    }
    expect(await said('nowhere')).toBe('otlp-tally report: there is no file nowhere\n')
    expect(await said('.')).toBe('otlp-tally report: . is a folder\n')
    for (const form of [[], ['--html'], ['--card'], ['--json']])
      expect(await said('in.jsonl', ...form)).toBe('otlp-tally report: in.jsonl: nothing is counted in it\n')
    expect(readdirSync(world.cwd)).toEqual(['in.jsonl'])
  })

  test('says of one command whether it can be removed, and proposes a name for a mistyped one', async () => {
    const world = withFile(
      ...['a', 'b', 'c'].flatMap(who => [
        { who, time: NOW - DAY },
        { who, command: 'doctor', time: NOW - DAY },
      ]),
    )
    const { stdout } = await report(world, 'in.jsonl', '--command', 'doctor')
    expect(stdout).toMatch(
      /\nCan doctor be removed\?\nNo: doctor was used by 3 of 3 installations \(100%\) in the last 1 day; its\s+last\s+run\s+was\s+yesterday\.\n$/,
    )
    expect(await report(world, 'in.jsonl', '--command', 'docter')).toMatchObject({
      status: 1,
      stderr: 'otlp-tally report: the command docter is not counted in it; did you mean doctor?\n',
    })
  })

  test('reads stdin like a file', async () => {
    const world = withFile({ who: 'a' }, { who: 'b' })
    const piped = await runProcess(
      '/bin/sh',
      ['-c', '"$0" "$1" report - --json < in.jsonl', process.execPath, BIN],
      world,
    )
    const { source, ...said } = JSON.parse(piped.stdout)
    expect([source, said]).toEqual(['standard input', expect.objectContaining({ runs: 2, installations: 2 })])
    const file = JSON.parse((await report(world, 'in.jsonl', '--json')).stdout)
    expect(file).toMatchObject(said)
  })

  test.each([
    [['report']],
    [['report', 'in.jsonl', 'page.html']],
    [['report', 'in.jsonl', '--html', 'a', 'b']],
    [['report', 'in.jsonl', '--port', '1']],
    [['report', 'in.jsonl', '--days', '0']],
    [['report', 'in.jsonl', '--html', '--card']],
    [['report', 'in.jsonl', '--json', '--card']],
    [['listen', '--json']],
    [['check', 'http://localhost', '--days', '1']],
  ])('%j is not understood', async args => {
    expect(await runProcess(process.execPath, [BIN, ...args], withFile({}))).toMatchObject({
      status: 2,
      stdout: '',
    })
  })

  test.each(Object.keys(HOSTILE))(
    'shows a name with %s in it as text, in the terminal and on the page',
    async kind => {
      const name = HOSTILE[kind]!
      const hostile = { tool: name, version: name, who: name, command: name }
      const world = withFile(hostile, { metric: name, tool: name })
      const text = await report(world, 'in.jsonl')
      expect(text).toMatchObject({ status: 0, stderr: '' })
      expect(text.stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(text.stdout.length).toBeLessThan(10_000)
      const page = await report(world, 'in.jsonl', '--html')
      expect(page.stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      const html = readFileSync(join(world.cwd, 'in-usage.html'), 'utf8')
      expect(html).not.toMatch(/<script>[^\n]|<img|(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      expect(html.length).toBeLessThan(100_000)
    },
  )

  test('of 20,000 commands fits on a page and a screen', async () => {
    const world = makeWorld()
    const file = join(world.cwd, 'in.jsonl')
    for (let i = 0; i < 10; i++) {
      const points = Array.from({ length: 2000 }, (_, index) => {
        const body = bodyOf({ command: `command ${i * 2000 + index}`, version: `1.${i}.0` })
        return (body as { resourceMetrics: unknown[] }).resourceMetrics[0]
      })
      appendFileSync(file, `${JSON.stringify({ resourceMetrics: points })}\n`)
    }
    const text = await report(world, 'in.jsonl')
    expect(text.stdout).toContain('and 19,990 more')
    expect(text.stdout.split('\n').length).toBeLessThan(200)
    await report(world, 'in.jsonl', '--html')
    expect(readFileSync(join(world.cwd, 'in-usage.html'), 'utf8').length).toBeLessThan(300_000)
  })

  test('reads a file that is larger than its memory', async () => {
    const world = withFile()
    const body = `${JSON.stringify(bodyOf({ who: 'a', start: 1 }))}\n`
    const file = join(world.cwd, 'in.jsonl')
    for (let i = 0; i < 60; i++) appendFileSync(file, body.repeat(2 ** 20 / body.length))
    const { status, stdout } = await runProcess(
      process.execPath,
      ['--max-old-space-size=48', BIN, 'report', 'in.jsonl', '--json'],
      world,
    )
    expect([status, JSON.parse(stdout).runs]).toEqual([0, 1])
  })

  test('reads a last line without a line feed, and a line with other line breaks in it', async () => {
    const world = withFile()
    const body = JSON.stringify(bodyOf({ command: 'a\u2028b' }))
    writeFileSync(join(world.cwd, 'in.jsonl'), `${body}\r\n\r\n${JSON.stringify(bodyOf({ who: 'b' }))}`)
    const { stderr, stdout } = await report(world, 'in.jsonl', '--json')
    expect([stderr, JSON.parse(stdout).runs]).toEqual(['', 2])
  })
})

test('each of the harmful names in one file has a row of its own', async () => {
  const { commands } = await summary(...hostileBodies().map(body => JSON.stringify(body)))
  expect(new Set(commands.map(({ name }: { name: string }) => name)).size).toBe(commands.length)
})

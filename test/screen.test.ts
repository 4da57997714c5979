import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createScreen } from '../src/bin/listen/screen.ts'
import { liveTable } from '../src/bin/listen/table.ts'
import type { Total } from '../src/bin/listen/totals.ts'
import { columnsOf } from '../src/terminal/columns.ts'
import { bodyOf, HOSTILE } from './bodies.ts'
import { post, startListen } from './listening.ts'
import { hasTmux } from './machine.ts'
import { BIN } from './paths.ts'
import { openTerminal } from './terminal.ts'
import { makeWorld } from './world.ts'

/** A terminal that knows the three escape codes that the screen uses, and throws at any other. It breaks no line. */
function makeTerminal(columns = 40, rows = 12) {
  let lines = ['']
  let writes = 0
  let resized = () => {}
  return {
    ...{ columns, rows },
    lines: () => lines,
    writes: () => writes,
    resize(columns: number, rows: number) {
      Object.assign(this, { columns, rows })
      resized()
    },
    on: (_: 'resize', listener: () => void) => (resized = listener),
    write(text: string) {
      writes++
      for (const [index, part] of text.split('\u001b').entries()) {
        const [, count, code, plain] = /^(?:\[(\d*)([HAJ]))?(.*)$/s.exec(part)!
        if (index && !code) throw new Error(`what is ${part}?`)
        if (code === 'H') lines = ['']
        if (code === 'A') lines = [...lines.slice(0, -Number(count) - 1), '']
        const [first, ...rest] = plain!.replace('\r', '').split('\n')
        lines = [...lines.slice(0, -1), lines.at(-1)! + first, ...rest]
      }
    },
  }
}

describe('the table of listen', () => {
  const total: Total = {
    ...{ id: 0, kind: 'command', tool: 'trix', name: 'build', runs: 3, failed: 0, last: 0, parts: [] },
  }
  const shows = (terminal: ReturnType<typeof makeTerminal>, lines: readonly unknown[]) =>
    expect.poll(terminal.lines).toEqual(lines)

  test('is below the remarks, and is drawn once for many changes at a time', async () => {
    const terminal = makeTerminal()
    let count = 0
    const screen = createScreen(terminal, () => ['', `count ${count}`])
    screen.say('listening')
    for (; count < 1000; count++) screen.changed()
    await shows(terminal, ['listening', '', 'count 1000', ''])
    expect(terminal.writes()).toBe(1)
    screen.say('a remark')
    count++
    await shows(terminal, ['listening', 'a remark', '', 'count 1001', ''])
    screen.say('the last')
    screen.end()
    expect(terminal.lines()).toEqual(['listening', 'a remark', 'the last', ''])
    const writes = terminal.writes()
    screen.changed()
    await sleep(300)
    expect(terminal.writes()).toBe(writes)
  })

  test('is drawn again below the last remarks when the size changes', async () => {
    const terminal = makeTerminal()
    const screen = createScreen(terminal, () => ['x'.repeat(60)])
    for (let i = 0; i < 20; i++) screen.say(`remark ${i}`)
    await expect.poll(terminal.writes).toBe(1)
    terminal.resize(20, 8)
    await shows(terminal, [
      ...Array.from({ length: 8 }, (_, index) => `remark ${index + 12}`),
      `${'x'.repeat(18)}~`,
      '',
    ])
    screen.end()
  })

  test.each([
    [1, 1],
    [10, 3],
    [80, 24],
    [200, 50],
  ])('fits a terminal of %i columns and %i rows, whatever the names', async (columns, rows) => {
    const totals = Object.values(HOSTILE).flatMap(() =>
      (['command', 'event'] as const).flatMap(kind =>
        Array<Total>(20).fill({ ...total, kind, failed: 1, name: '日本語🎉'.repeat(9) }),
      ),
    )
    const terminal = makeTerminal(columns, rows)
    const others = Array(9).fill('temperature (gauge)')
    const screen = createScreen(terminal, lines => liveTable(totals, { lines, others }))
    screen.changed()
    await expect.poll(terminal.writes).toBe(1)
    expect(terminal.lines().length - 1).toBeLessThanOrEqual(Math.max(1, rows - 4))
    for (const line of terminal.lines()) expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(1, columns - 1))
    screen.end()
  })

  test('is drawn in full where the terminal does not know its size', async () => {
    const terminal = makeTerminal(0, 0)
    const screen = createScreen(terminal, lines => liveTable(Array(3).fill(total), { lines }))
    screen.changed()
    await expect.poll(terminal.writes).toBe(1)
    expect(terminal.lines()).toHaveLength(6)
    expect(terminal.lines()[2]).toMatch(/^ +3 {2}trix build/)
    screen.end()
  })

  test('has runs and events apart, failures beside the runs, and says how many rows have no room', () => {
    const lines = liveTable(Array(30).fill(total), { lines: 10 })
    expect(lines.length).toBeLessThanOrEqual(10)
    expect(lines[1]).toBe('runs  command     last')
    expect(lines.at(-1)).toBe('and 23 more')
    const both = liveTable(
      [
        { ...total, failed: 2 },
        { ...total, kind: 'event', name: 'found level=high', runs: 9 },
      ],
      {
        lines: 20,
        others: ['temperature (gauge)'],
      },
    )
    const time = new Date(0).toTimeString().slice(0, 8)
    expect(both).toEqual([
      '',
      'runs  failed  command     last',
      `   3       2  trix build  ${time}`,
      '',
      'times  event                  last',
      `    9  trix found level=high  ${time}`,
      'not counted: temperature (gauge)',
    ])
  })
})

describe.skipIf(!hasTmux)('listen in a real terminal (skipped without tmux)', () => {
  test('shows one table that is updated, with remarks above it, also after a resize, and at the end the totals', async () => {
    const world = makeWorld()
    const terminal = openTerminal(world, 80)
    terminal.run(`clear; ${process.execPath} ${BIN} listen --port 0; echo "exit code $?"`)
    const start = await terminal.until(/nothing has arrived yet/)
    const url = /listening on (\S+),/.exec(start)![1]!
    await post(url, bodyOf({ value: 1, start: 1 }))
    await terminal.until(/^ +1 {2}trix build {2}/m)
    await post(url, bodyOf({ value: 7, start: 1 }))
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
    // The whole screen: a table that was erased and not drawn again yet may be on it for a moment.
    await terminal.until(/400: the body is not JSON[^\n]*\n\nruns[^\n]*\n +7 {2}trix[^\n]*\n$/)
    terminal.resize(40, 20)
    await post(url, bodyOf({ value: 9, start: 1 }))
    // What a terminal shows while its size changes is its own affair. In the end it shows this.
    await terminal.until(/400: the body[\s\S]*\n\nruns[^\n]*\n +9 {2}trix[^\n]*\n$/)
    for (const [kind, name] of Object.entries(HOSTILE))
      await post(url, bodyOf({ tool: name, command: kind, version: name }))
    terminal.resize(100, 40)
    await terminal.until(/^(?![\s\S]*^runs[\s\S]*^runs)[\s\S]*\\u\{1b\}\[2J/m)
    terminal.press('C-c')
    const end = await terminal.until(/exit code 0/)
    expect(end).toMatch(/\nruns\n[\s\S]*^ +9 {2}trix build$/m)
    expect(end).toMatch(/^\d+ requests accepted, 1 refused\nthe last refusal: 400: the body is not JSON/m)
  })

  test('prints plain lines in a dumb terminal', async () => {
    const terminal = openTerminal(makeWorld({ NO_COLOR: '1' }), 100)
    terminal.run(`clear; TERM=dumb ${process.execPath} ${BIN} listen --port 0`)
    const url = /listening on (\S+),/.exec(await terminal.until(/point a tool/))![1]!
    await post(url, bodyOf())
    expect(await terminal.until(/\+1 {2}\(1\)/)).not.toMatch(/^runs/m)
  })
})

test('listen writes no escape code to a pipe', async () => {
  const { url, child, ended, output, printed } = await startListen()
  await post(url, bodyOf())
  await printed('+1')
  child.kill('SIGINT')
  await ended
  expect(output()).toContain('1 request accepted')
  expect(output()).not.toContain('\u001b')
})

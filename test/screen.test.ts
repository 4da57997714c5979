import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createScreen } from '../src/bin/listen/screen.ts'
import { liveTable } from '../src/bin/listen/table.ts'
import { columnsOf } from '../src/terminal/columns.ts'
import { bodyOf, HOSTILE } from './bodies.ts'
import { BIN, post } from './listening.ts'
import { hasTmux, openTerminal } from './terminal.ts'
import { makeWorld } from './world.ts'

/** A terminal that obeys what the screen asks of one, and no more; its lines are never broken. */
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
  const total = {
    tool: 'trix',
    version: '0.19.3',
    metric: 'command_invocation',
    labels: 'build',
    total: 3,
    last: 0,
  }

  test('stays below what is said, and is drawn at most five times a second', async () => {
    const terminal = makeTerminal()
    let count = 0
    const screen = createScreen(terminal, () => ['', `count ${count}`])
    screen.say('listening')
    for (; count < 1000; count++) screen.changed()
    await sleep(300)
    expect(terminal.writes()).toBe(1)
    screen.say('a remark')
    count++
    await sleep(300)
    expect(terminal.lines()).toEqual(['listening', 'a remark', '', 'count 1001', ''])
    screen.say('the last')
    screen.end()
    expect(terminal.lines()).toEqual(['listening', 'a remark', 'the last', ''])
    screen.changed()
    await sleep(300)
    expect(terminal.lines()).toHaveLength(4)
  })

  test('is drawn anew below the last remarks when the size has changed', async () => {
    const terminal = makeTerminal()
    const screen = createScreen(terminal, () => ['x'.repeat(60)])
    for (let i = 0; i < 20; i++) screen.say(`remark ${i}`)
    await sleep(300)
    terminal.resize(20, 8)
    await sleep(300)
    expect(terminal.lines()).toEqual([
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
      Array(20).fill({ ...total, labels: '日本語🎉'.repeat(9) }),
    )
    const terminal = makeTerminal(columns, rows)
    const screen = createScreen(terminal, lines => liveTable(totals, { lines, note: 'not counted: x' }))
    screen.changed()
    await sleep(300)
    expect(terminal.lines().length - 1).toBeLessThanOrEqual(Math.max(1, rows - 4))
    for (const line of terminal.lines()) expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(1, columns - 1))
    screen.end()
  })

  test('is drawn in full where the terminal does not know its size', async () => {
    const terminal = makeTerminal(0, 0)
    const screen = createScreen(terminal, lines => liveTable(Array(3).fill(total), { lines }))
    screen.changed()
    await sleep(300)
    expect(terminal.lines()).toHaveLength(6)
    expect(terminal.lines()[2]).toMatch(/^ +3 {2}trix 0\.19\.3 {2}build/)
    screen.end()
  })

  test('says how many there is no room for', () => {
    const lines = liveTable(Array(30).fill(total), { lines: 10 })
    expect(lines).toHaveLength(9)
    expect(lines[1]).toBe('total  tool         counted  last')
    expect(lines.at(-1)).toBe('and 24 more')
  })
})

describe.skipIf(!hasTmux)('listen in a real terminal (skipped without tmux)', () => {
  test('shows one table that counts on, remarks above it, also when it was resized, and at the end the totals', async () => {
    const world = makeWorld()
    const terminal = openTerminal(world, 80)
    terminal.run(`clear; ${process.execPath} ${BIN} listen --port 0; echo "exit code $?"`)
    const start = await terminal.until(/nothing has arrived yet/)
    const url = /listening on (\S+),/.exec(start)![1]!
    await post(url, bodyOf({ value: 1, start: 1 }))
    await terminal.until(/^ +1 {2}trix 0\.19\.3 {2}build {2}/m)
    await post(url, bodyOf({ value: 7, start: 1 }))
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
    const screen = await terminal.until(/^ +7 {2}trix/m)
    expect(screen.match(/^total/gm)).toHaveLength(1)
    expect(screen).toMatch(/400: the body is not JSON[^\n]*\n\ntotal/)
    terminal.resize(40, 20)
    await post(url, bodyOf({ value: 9, start: 1 }))
    const narrow = await terminal.until(/^ +9 {2}trix/m)
    expect(narrow.match(/^total/gm)).toHaveLength(1)
    expect(narrow).toContain('400: the body')
    for (const [kind, name] of Object.entries(HOSTILE))
      await post(url, bodyOf({ tool: name, command: kind, version: name }))
    terminal.resize(100, 40)
    const hostile = await terminal.until(/\\u\{1b\}\[2J/)
    expect(hostile.match(/^total/gm)).toHaveLength(1)
    terminal.press('C-c')
    const end = await terminal.until(/exit code 0/)
    expect(end).not.toMatch(/^total/m)
    expect(end).toMatch(/^9 {2}trix 0\.19\.3 {2}build$/m)
  })

  test('is as plain as in a pipe where the terminal is dumb', async () => {
    const terminal = openTerminal(makeWorld({ NO_COLOR: '1' }), 100)
    terminal.run(`clear; TERM=dumb ${process.execPath} ${BIN} listen --port 0`)
    const url = /listening on (\S+),/.exec(await terminal.until(/point a tool/))![1]!
    await post(url, bodyOf())
    expect(await terminal.until(/\+1 {2}\(1\)/)).not.toMatch(/^total/m)
  })
})

test('an escape code is never in what a pipe gets', async () => {
  const output = execFileSync('/bin/sh', [
    '-c',
    `timeout 1 ${process.execPath} ${BIN} listen --port 0 || true`,
  ])
  expect(output.includes(27)).toBe(false)
})

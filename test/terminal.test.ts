import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpersEnded } from './helper.ts'
import { closedEndpoint } from './loopback.ts'
import { hasTmux } from './machine.ts'
import { ROOT } from './paths.ts'
import { counts, userWithReceiver } from './receiver.ts'
import { openTerminal } from './terminal.ts'
import { makeWorld, type World } from './world.ts'

// A person has looked at these screens. `vitest -u` writes them anew.
const kept = (name: string) => join(ROOT, 'fixtures/screens', `${name}.txt`)

/** A user whose tool sends to where nothing listens. */
const makeUser = async (env: Record<string, string> = {}) =>
  makeWorld({ TRIX_TELEMETRY_ENDPOINT: await closedEndpoint(), ...env })

describe.skipIf(!hasTmux)('in a real terminal (skipped without tmux)', () => {
  test('the screens of the first and second run, status, disable, enable and help', async () => {
    const world = await makeUser()
    const terminal = openTerminal(world)
    await terminal.prompt()
    for (const [name, command] of [
      ['first-run', 'trix build'],
      ['second-run', 'trix build'],
      ['status', 'trix telemetry status'],
      ['disable', 'trix telemetry disable'],
      ['status-disabled', 'trix telemetry status'],
      ['enable', 'trix telemetry enable'],
      ['enable-overridden', 'DO_NOT_TRACK=1 trix telemetry enable'],
      ['help', 'trix telemetry --help'],
    ] as const) {
      terminal.run(`clear; ${command}; echo "exit code $?"`)
      await expect(await terminal.until(/exit code \d\n\$/)).toMatchFileSnapshot(kept(name))
      await helpersEnded(world)
    }
  })

  test.each([
    ['narrow', 40],
    ['wide', 160],
  ] as const)('the screen of the notice and the usage in a %s terminal', async (name, columns) => {
    const terminal = openTerminal(await makeUser({ NO_COLOR: '1' }), columns)
    terminal.run('clear; trix build; trix telemetry; echo done')
    const screen = await terminal.until(/done\n\$/)
    await expect(screen).toMatchFileSnapshot(kept(`${name}-notice`))
    expect(screen).not.toContain('\u001b')
  })

  test('the screen of preview; --raw is the body', async () => {
    const world = await makeUser()
    const terminal = openTerminal(world)
    terminal.run('clear; trix telemetry preview build')
    await expect(await terminal.until(/All that can ever be sent[^$]*\$/)).toMatchFileSnapshot(
      kept('preview'),
    )
    terminal.run('clear; trix telemetry preview build --raw >body.json; echo done')
    await terminal.until(/done\n\$/)
    expect(counts([{ body: readFileSync(join(world.cwd, 'body.json'), 'utf8') } as never])).toEqual({
      build: 1,
    })
    expect(world.files()).toEqual([])
  })

  test('the screen of preview --all', async () => {
    const terminal = openTerminal(await makeUser())
    terminal.run('clear; trix telemetry preview --all')
    await expect(await terminal.until(/Nothing else can be sent[^$]*\$/)).toMatchFileSnapshot(
      kept('preview-all'),
    )
  })

  test('the screen of status in 80 columns: lines wrap, and paths do not break', async () => {
    const terminal = openTerminal(await makeUser({ TRIX_TELEMETRY: 'banana' }), 80)
    terminal.run('clear; trix telemetry status; echo "exit code $?"')
    const screen = await terminal.until(/exit code \d\n\$/)
    await expect(screen).toMatchFileSnapshot(kept('status-80'))
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('a raised noticeVersion shows the notice again, and sends nothing in that run', async () => {
    const { world, receiver } = await userWithReceiver()
    const terminal = openTerminal(world)
    const versions = [
      ['1', true],
      ['1', false],
      ['2', true],
      ['2', false],
    ] as const
    for (const [version, shown] of versions) {
      terminal.run(`clear; TRIX_NOTICE=${version} trix build; echo "done"`)
      const screen = await terminal.until(/done\n\$/)
      expect([version, screen.includes('trix counts how often')]).toEqual([version, shown])
      await helpersEnded(world)
    }
    await receiver.arrived(2)
    expect(counts(receiver.requests)).toEqual({ build: 2 })
  })

  describe('consent by question', () => {
    const CONSENT = '.local/state/trix/consent.json'
    /** The user's answer: `yes`, `no`, or undefined where there is none. */
    const answer = (world: World) =>
      world.files().includes(CONSENT)
        ? Object.keys(JSON.parse(readFileSync(join(world.home, CONSENT), 'utf8')))[0]
        : undefined

    test('asks once; after a yes the command is counted', async () => {
      const world = await makeUser()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello; echo "exit code $?"')
      await expect(await terminal.until(/\[y\/N\] $|\[y\/N\]\n$/)).toMatchFileSnapshot(kept('question'))
      expect(world.files()).toEqual([])
      terminal.run('yes')
      await terminal.until(
        /Thank you\. trix telemetry is on; "trix telemetry disable" switches it off\.\nhello\nexit code 0\n\$/,
      )
      expect(answer(world)).toBe('yes')
      expect(world.files().filter(file => file.endsWith('.log'))).toHaveLength(1)
      terminal.run('clear; asking hello; echo "exit code $?"')
      expect(await terminal.until(/exit code 0/)).not.toContain('[y/N]')
      await helpersEnded(world)
    })

    test.each([
      ['n', ['n', 'Enter'], 'no'],
      ['Enter alone', ['Enter'], 'no'],
      ['three times another letter', ['q', 'Enter', 'q', 'Enter', 'q', 'Enter'], undefined],
      ['Ctrl-D', ['C-d'], undefined],
      ['Ctrl-C', ['C-c'], undefined],
    ])('counts nothing after %s', async (_, keys, expected) => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count and send?')
      for (const [index, key] of keys.entries()) {
        terminal.press(key)
        // A key before the next question would not answer it.
        if (key === 'Enter' && keys.length > 2 && index < keys.length - 1)
          await terminal.until(new RegExp(`(Please answer[^]*){${(index + 1) / 2}}\\] ?\n*$`))
      }
      // Ctrl-C ends the command.
      expect((await terminal.prompt()).includes('\nhello\n')).toBe(keys[0] !== 'C-c')
      terminal.run('echo "exit code $?"')
      await terminal.until(keys[0] === 'C-c' ? 'exit code 130' : 'exit code 0')
      expect(answer(world)).toBe(expected)
      expect(world.files()).toEqual(expected ? [CONSENT] : [])
    })

    test('is not answered by what was typed before it, with or without Enter', async () => {
      const world = makeWorld({ ASK_AFTER: '1' })
      const terminal = openTerminal(world)
      for (const typed of ['y', 'yes', '']) {
        terminal.run('clear; asking hello; echo "exit code $?"')
        await terminal.until('working')
        terminal.run(typed)
        terminal.run('y')
        terminal.press('y')
        writeFileSync(join(world.cwd, 'ask'), '')
        await terminal.until('Count and send?')
        expect(answer(world)).toBeUndefined()
        rmSync(join(world.cwd, 'ask'))
        terminal.press('C-d')
        await terminal.until(/hello\nexit code 0\n\$/)
        expect(world.files()).toEqual([])
      }
    })

    test('repeats one line after a wrong answer, and confirms a no', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count and send?')
      terminal.run('maybe')
      expect(await terminal.until('Please answer')).toMatch(/^(maybe\n)?Please answer y or n \[y\/N\]\n?$/)
      terminal.run('n')
      await terminal.until(/trix telemetry is off: your no is in\s+\S+\nhello\n\$/)
    })

    test('ends the installation after a no', async () => {
      const world = await makeUser()
      await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
      await helpersEnded(world)
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count and send?')
      terminal.run('n')
      await terminal.until(/The fingerprint was\s+<64 hex digits>\.[^$]*hello\n\$/)
      expect(world.files()).toEqual([CONSENT])
    })

    test('counts nothing where it is not answered in time, and the command goes on', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; ASK_MS=300 asking hello')
      await terminal.until(/Count and send\?[^\n]*\nhello\n\$/)
      expect(world.files()).toEqual([])
    })

    test('is not shown in a pipe, in CI, with DO_NOT_TRACK or to an agent', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run(
        'clear; CI=1 asking hello; DO_NOT_TRACK=1 asking hello; CLAUDECODE=1 asking hello; { echo yes | asking hello; }; echo done',
      )
      expect(await terminal.until(/done\n\$/)).toBe('hello\nhello\nhello\nhello\ndone\n$\n')
      expect(world.files()).toEqual([])
    })

    test('is asked again by prompt, and clear asks before it removes', async () => {
      const world = makeWorld({ TRIX_TELEMETRY: 'local' })
      await world.tool(['telemetry', 'disable'])
      const terminal = openTerminal(world)
      terminal.run('clear; trix telemetry prompt')
      await terminal.until('Count and send?')
      terminal.run('y')
      await terminal.until('is still local: TRIX_TELEMETRY is "local"')
      expect(answer(world)).toBe('yes')
      terminal.run('clear; trix build; trix telemetry clear; echo "exit code $?"')
      await terminal.until('Remove 1 count in 1 log')
      terminal.press('Enter')
      await terminal.until(/nothing was removed\nexit code 1/)
      expect(world.files().filter(file => file.endsWith('.log'))).toHaveLength(1)
      terminal.run('clear; trix telemetry clear; echo "exit code $?"')
      await terminal.until('Remove 1 count')
      terminal.run('y')
      await terminal.until(/removed 1 count in 1 log\nexit code 0/)
      expect(world.files()).toEqual([CONSENT])
    })
  })
})

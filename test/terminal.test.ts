import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counts, startReceiver } from './receiver.ts'
import { hasTmux, openTerminal } from './terminal.ts'
import { makeWorld } from './world.ts'

// The screens were looked at by a person, and are kept as they were then. `vitest -u` writes them anew.
const kept = (name: string) => join(import.meta.dirname, '../fixtures/screens', `${name}.txt`)

describe.skipIf(!hasTmux)('in a real terminal (skipped without tmux)', () => {
  test('first run, second run, status, log, disable, status, clear', async () => {
    const world = makeWorld()
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
    }
  })

  test.each([
    ['narrow', 40],
    ['wide', 160],
  ] as const)('the notice and the usage look right in a %s terminal', async (name, columns) => {
    const terminal = openTerminal(makeWorld({ NO_COLOR: '1' }), columns)
    terminal.run('clear; trix build; trix telemetry; echo done')
    const screen = await terminal.until(/done\n\$/)
    await expect(screen).toMatchFileSnapshot(kept(`${name}-notice`))
    expect(screen).not.toContain('\u001b')
  })

  test('preview shows the bytes and what they are for', async () => {
    const world = makeWorld()
    const terminal = openTerminal(world)
    terminal.run('clear; trix telemetry preview build >body.json')
    await expect(await terminal.until(/All that can ever be sent[^$]*\$/)).toMatchFileSnapshot(
      kept('preview'),
    )
    expect(counts([{ body: readFileSync(join(world.cwd, 'body.json'), 'utf8') } as never])).toEqual({
      build: 1,
    })
    expect(world.files()).toEqual([])
  })

  test('a raised noticeVersion shows the notice again, and sends nothing in that run', async () => {
    const receiver = await startReceiver()
    onTestFinished(() => receiver.close())
    const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: receiver.endpoint })
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
    }
    await receiver.arrived(2)
    expect(counts(receiver.requests)).toEqual({ build: 2 })
  })

  describe('consent by question', () => {
    test('is asked once; yes is counted from then on, and is in the config', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello; echo "exit code $?"')
      await expect(await terminal.until(/\[y\/N\] $|\[y\/N\]\n$/)).toMatchFileSnapshot(kept('question'))
      expect(world.files()).toEqual([])
      terminal.run('yes')
      await terminal.until(
        /Thank you\. trix telemetry is on; "trix telemetry disable" switches it off\.\nhello\nexit code 0\n\$/,
      )
      expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
      expect(world.files().join()).toContain('command_name=hello')
      terminal.run('clear; asking hello; echo "exit code $?"')
      expect(await terminal.until(/exit code 0/)).not.toContain('[y/N]')
    })

    test.each([
      ['no', ['n', 'Enter'], '[telemetry]\nenabled = false\n'],
      ['Enter alone is the letter that is written large', ['Enter'], '[telemetry]\nenabled = false\n'],
      ['three times something else', ['q', 'Enter', 'q', 'Enter', 'q', 'Enter'], undefined],
      ['Ctrl-D', ['C-d'], undefined],
      ['Ctrl-C', ['C-c'], undefined],
    ])('answered by %s, nothing is counted', async (_, keys, config) => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count?')
      for (const key of keys) {
        terminal.press(key)
        if (key === 'Enter') await new Promise(resolve => setTimeout(resolve, 100))
      }
      // Ctrl-C ends the command, as it does everywhere else.
      expect((await terminal.prompt()).includes('\nhello\n')).toBe(keys[0] !== 'C-c')
      terminal.run('echo "exit code $?"')
      await terminal.until(keys[0] === 'C-c' ? 'exit code 130' : 'exit code 0')
      expect(existsSync(world.config) ? readFileSync(world.config, 'utf8') : undefined).toBe(config)
      expect(world.files().filter(file => !file.endsWith('config.toml'))).toEqual([])
    })

    test('a wrong answer repeats one line, and a no is confirmed', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count?')
      terminal.run('maybe')
      expect(await terminal.until('Please answer')).toMatch(/^(maybe\n)?Please answer y or n \[y\/N\]\n?$/)
      terminal.run('n')
      await terminal.until(/trix telemetry stays off\.\nhello\n\$/)
    })

    test('a no ends an installation that was there', async () => {
      const world = makeWorld({ TRIX_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9' })
      await world.tool(['build'], { TRIX_TELEMETRY: 'on' })
      const terminal = openTerminal(world)
      terminal.run('clear; asking hello')
      await terminal.until('Count?')
      terminal.run('n')
      await terminal.until(/The id was <64 hex digits>\.[^$]*hello\n\$/)
      expect(world.files()).toEqual(['.config/trix/config.toml'])
    })

    test('not answered in time is no consent, and the command goes on', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run('clear; ASK_MS=300 asking hello')
      await terminal.until(/Count\?[^\n]*\nhello\n\$/)
      expect(world.files()).toEqual([])
    })

    test('in a pipe, in CI and with DO_NOT_TRACK nobody is asked, and the pipe is left alone', async () => {
      const world = makeWorld()
      const terminal = openTerminal(world)
      terminal.run(
        'clear; CI=1 asking hello; DO_NOT_TRACK=1 asking hello; { echo yes | asking hello; }; echo done',
      )
      expect(await terminal.until(/done\n\$/)).toBe('hello\nhello\nhello\ndone\n$\n')
      expect(world.files()).toEqual([])
    })

    test('prompt asks again, and clear asks before it removes', async () => {
      const world = makeWorld({ TRIX_TELEMETRY: 'local' })
      world.writeConfig('[telemetry]\nenabled = false\n')
      const terminal = openTerminal(world)
      terminal.run('clear; trix telemetry prompt')
      await terminal.until('Count?')
      terminal.run('y')
      await terminal.until('telemetry is local')
      expect(readFileSync(world.config, 'utf8')).toBe('[telemetry]\nenabled = true\n')
      terminal.run('clear; trix build; trix telemetry clear; echo "exit code $?"')
      await terminal.until('Remove 1 invocation in 1 series of 1 version')
      terminal.press('Enter')
      await terminal.until(/nothing was removed\nexit code 1/)
      expect(world.files().join()).toContain('command_name=build')
      terminal.run('clear; trix telemetry clear; echo "exit code $?"')
      await terminal.until('Remove 1 invocation')
      terminal.run('y')
      await terminal.until(/removed 1 invocation in 1 series of 1 version\nexit code 0/)
      expect(world.files().join()).not.toContain('command_name')
    })
  })
})

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bodyOf } from './bodies.ts'
import { listenBy, post, startListen } from './listening.ts'
import { BIN } from './paths.ts'
import { makeWorld, runProcess } from './world.ts'

describe('listen --file', () => {
  test('adds each accepted body to the file, in a line of its own and with each digit as it came', async () => {
    const { cwd } = makeWorld()
    const file = join(cwd, 'out.jsonl')
    writeFileSync(file, '{"resourceMetrics":[]}') // a last line without its end
    const { url, output, child, ended } = await startListen('--file', file)
    expect(output()).toContain(`each body is added to ${file}\n`)
    const body = JSON.stringify(bodyOf({ value: 1 })).replace('"asInt":"1"', '"asInt":9007199254740993')
    const headers = { 'content-type': 'application/json' }
    const spread = body.replaceAll(',', ',\r\n')
    expect((await fetch(url, { method: 'POST', headers, body: spread })).status).toBe(200)
    expect((await fetch(url, { method: 'POST', headers, body: '{' })).status).toBe(400)
    await post(url, bodyOf({ time: 1000 }))
    child.kill('SIGINT')
    await ended
    const second = JSON.stringify(bodyOf({ time: 1000 }))
    expect(readFileSync(file, 'utf8')).toBe(`{"resourceMetrics":[]}\n${body}\n${second}\n`)
  })

  test('makes a file that no other user can read; without the flag nothing is written', async () => {
    const { cwd } = makeWorld()
    const file = join(cwd, 'out.jsonl')
    await startListen('--file', file)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    const { url } = await startListen()
    await post(url, bodyOf())
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test.each([
    ['a folder', (path: string) => mkdirSync(path), 'is not a regular file'],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'is not a regular file'],
    ['a device', (path: string) => symlinkSync('/dev/full', path), 'is not a regular file'],
    ['in a folder that is not there', () => {}, 'its folder does not exist'],
  ])('ends with 1 and a reason where the file is %s', async (what, make, sentence) => {
    const world = makeWorld()
    const path = join(world.cwd, what.startsWith('in') ? 'nowhere/out' : 'out')
    make(path)
    const result = await runProcess(process.execPath, [BIN, 'listen', '--port', '0', '--file', path], world)
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr).toContain(sentence)
    expect(result.stderr).toContain(path)
  })

  test.skipIf(process.platform === 'win32')(
    'says that a body cannot be written, answers all the same, and begins the next one on a new line',
    async () => {
      const file = join(makeWorld().cwd, 'out.jsonl')
      const limited = ['-c', 'ulimit -f 2; exec "$0" "$@"', process.execPath, BIN, 'listen', '--port', '0']
      const { url, printed } = await listenBy('/bin/sh', [...limited, '--file', file])
      const body = bodyOf({ tool: 'x'.repeat(300), time: 1000 })
      await post(url, body)
      await post(url, body)
      await printed(`not written to ${file}: it would be larger than a file may be here`)
      expect(readFileSync(file, 'utf8').split('\n')[0]).toBe(JSON.stringify(body))
      const second = await startListen('--file', file)
      await post(second.url, body)
      const lines = readFileSync(file, 'utf8').split('\n')
      expect(lines).toEqual([JSON.stringify(body), expect.any(String), JSON.stringify(body), ''])
    },
  )
})

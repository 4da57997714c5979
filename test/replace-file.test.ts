import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { replaceFile } from '../src/cli/replace-file.ts'

const root = process.geteuid?.() === 0
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'otlp-tally-replace-'))
  path = join(folder, 'config.toml')
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

describe('replaces', () => {
  test('a file, with the mode that it has', () => {
    writeFileSync(path, 'old')
    chmodSync(path, 0o640)
    replaceFile(path, 'new', 'old')
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['new', 0o640])
    expect(readdirSync(folder)).toEqual(['config.toml'])
  })

  test.runIf(root)('a file, with the group that it has: it may let others read it', () => {
    writeFileSync(path, 'old')
    chownSync(path, 0, 65534)
    chmodSync(path, 0o640)
    replaceFile(path, 'new', 'old')
    const { uid, gid, mode } = statSync(path)
    expect([uid, gid, mode & 0o777]).toEqual([0, 65534, 0o640])
  })

  test('no file by a new one, for nobody else to read, in folders that it makes', () => {
    const deep = join(folder, 'a', 'b', 'config.toml')
    replaceFile(deep, 'new', undefined)
    expect([statSync(deep).mode & 0o777, statSync(join(folder, 'a')).mode & 0o777]).toEqual([0o600, 0o700])
  })

  test('what a symlink points to, also when that is not there yet', () => {
    for (const name of ['there', 'not-yet']) {
      const link = join(folder, `link-${name}`)
      symlinkSync(name, link)
      if (name === 'there') writeFileSync(join(folder, name), 'old')
      replaceFile(link, 'new', name === 'there' ? 'old' : undefined)
      expect(lstatSync(link).isSymbolicLink()).toBe(true)
      expect(readFileSync(join(folder, name), 'utf8')).toBe('new')
    }
  })

  test.runIf(root)("another user's file so that it stays theirs, and makes new ones theirs", () => {
    writeFileSync(path, 'old')
    chownSync(path, 65534, 65534)
    replaceFile(path, 'new', 'old')
    expect(statSync(path).uid).toBe(65534)
    const home = join(folder, 'home')
    mkdirSync(home)
    chownSync(home, 65534, 65534)
    replaceFile(join(home, 'a', 'config.toml'), 'new', undefined)
    expect([statSync(join(home, 'a')).uid, statSync(join(home, 'a', 'config.toml')).uid]).toEqual([
      65534, 65534,
    ])
  })
})

describe('refuses, and leaves everything as it was', () => {
  const refused = (act: () => void, message: RegExp) => {
    const before = readdirSync(folder)
    expect(act).toThrow(message)
    expect(readdirSync(folder)).toEqual(before)
  }

  test('a read-only file, root too', () => {
    writeFileSync(path, 'old')
    chmodSync(path, 0o444)
    refused(() => replaceFile(path, 'new', 'old'), /read-only/)
  })

  test('a folder', () => {
    mkdirSync(path)
    refused(() => replaceFile(path, 'new', undefined), /not a regular file/)
  })

  test('a file with further names, which would keep the old text', () => {
    writeFileSync(path, 'old')
    linkSync(path, join(folder, 'other'))
    refused(() => replaceFile(path, 'new', 'old'), /has 2 hard links, and only one of them would be changed/)
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('old')
  })

  test('a path below a folder in which nothing can be made, without trying for ever', () => {
    expect(() => replaceFile('/proc/otlp-tally/config.toml', 'new', undefined)).toThrow(
      /ENOENT.*mkdir '\/proc\/otlp-tally'/,
    )
  })

  test('a FIFO, without waiting', () => {
    execFileSync('mkfifo', [path])
    refused(() => replaceFile(path, 'new', undefined), /not a regular file/)
  })

  test('a file that is no longer what was edited', () => {
    writeFileSync(path, 'theirs')
    refused(() => replaceFile(path, 'new', 'old'), /changed it meanwhile/)
    refused(() => replaceFile(path, 'new', undefined), /changed it meanwhile/)
    expect(readFileSync(path, 'utf8')).toBe('theirs')
  })

  test('a path whose folder is a file', () => {
    writeFileSync(path, 'old')
    refused(() => replaceFile(join(path, 'config.toml'), 'new', undefined), /EEXIST|ENOTDIR/)
  })
})

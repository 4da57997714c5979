import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { installTools } from './tools.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What would be published: the tarball, and a folder with its content. */
    tarball: string
    packed: string
  }
}

/** Installs the runtimes and bundlers, and packs the package, before the first test starts. */
export default async function setup(project: TestProject): Promise<() => void> {
  try {
    await installTools()
  } catch (error) {
    // Printed, not rethrown: the message says what to do, our stack trace does not help.
    console.error((error as Error).message)
    process.exit(1)
  }
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tally-packed-'))
  const root = join(import.meta.dirname, '../..')
  const packed = join(folder, 'package')
  execFileSync(process.execPath, [join(root, 'build/package.js'), packed], { stdio: 'pipe' })
  const pack = ['pack', '--json', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(
    execFileSync('npm', pack, { cwd: packed, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  project.provide('tarball', join(folder, filename))
  project.provide('packed', packed)
  return () => rmSync(folder, { recursive: true, force: true })
}

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { removeFolder } from '../world.ts'

/** The files that a maintainer copies. */
export const EXAMPLES: string = join(import.meta.dirname, '../../examples/collector')
const PAGES = join(EXAMPLES, '../../docs')
/** What a maintainer reads: docs/backends.md, and the pages behind it. */
export const DOCS: string = [
  'backends.md',
  ...readdirSync(join(PAGES, 'backends')).map(name => `backends/${name}`),
]
  .map(name => readFileSync(join(PAGES, name), 'utf8'))
  .join('\n')
/** What a Collector is started with: the file of the set-up, and what the tool can send. */
export function configurationsOf(name: string): string[] {
  return [join(EXAMPLES, name), join(EXAMPLES, 'tool.yaml')]
}
/** Merged after such a file, it makes the Collector write what leaves it into a file and not to a backend. */
export function intoFile(path: string): object {
  return {
    exporters: { file: { path, flush_interval: '100ms', append: true } },
    service: { pipelines: { metrics: { exporters: ['file'] } } },
  }
}
/** What nginx.conf has for the token. */
export const TOKEN = 'public-token-of-trix'

/** A folder for the running test. */
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'otlp-tally-setup-'))
  onTestFinished(() => removeFolder(dir))
  return dir
}

/** A copy of a file of theirs with what differs here, or of one beside them (`../thanos/…`): each replacement has to find its text. */
export function copied(dir: string, name: string, changes: Record<string, string> = {}): string {
  let text = readFileSync(join(EXAMPLES, name), 'utf8')
  for (const [old, now] of Object.entries(changes)) {
    expect(text).toContain(old)
    text = text.replaceAll(old, now)
  }
  const path = join(dir, basename(name))
  writeFileSync(path, text)
  return path
}

/** The flags that the first lines of a configuration say, but for file and port. */
export function flagsOf(name: string): string[] {
  const [comment] = readFileSync(join(EXAMPLES, name), 'utf8').split(/\n[^#]/)
  return comment!.match(/--\S+/g)!.filter(flag => !/^--(config.file|web.listen-address)/.test(flag))
}

/** An expression of the dashboard as Grafana asks it for the tool trix, all versions and commands, and four days. */
export function asked(expr: string): string {
  const variables: Record<string, string> = { $tool: 'trix', $version: '.*', $command: '.*', $__range: '4d' }
  return expr.replace(/\$\w+/g, name => variables[name]!)
}

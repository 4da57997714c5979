import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const SOURCE = join(import.meta.dirname, 'otelcol')

/**
 * The path of an OpenTelemetry Collector, built from `otelcol/` where the cache has none of these very sources.
 * Rejects with a message for the person at the terminal.
 */
export async function collectorBinary(): Promise<string> {
  const [main, mod, sum] = await Promise.all(['main.go', 'go.mod', 'go.sum'].map(read))
  const collector = mod!.match(/collector\/otelcol v(\S+)/)![1]!
  const go = mod!.match(/^go (\S+)/m)![1]!
  const hash = createHash('sha256').update(`${main}${mod}${sum}`).digest('hex').slice(0, 12)

  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'otlp-tally')
  const folder = join(cache, `otelcol-${collector}-${hash}`)
  const binary = join(folder, 'otelcol')
  if (existsSync(binary)) return binary

  process.stderr.write(`Building the OpenTelemetry Collector ${collector}, once. It takes some minutes.\n`)
  await mkdir(folder, { recursive: true })
  // Renamed into place when it is whole: neither an interrupted build nor two at once leave half a binary.
  const temporary = await mkdtemp(join(folder, 'build-'))
  try {
    await build(join(temporary, 'otelcol'), go)
    await rename(join(temporary, 'otelcol'), binary)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return binary
}

function read(name: string): Promise<string> {
  return readFile(join(SOURCE, name), 'utf8')
}

async function build(output: string, go: string): Promise<void> {
  // readonly: what go.mod and go.sum pin is what is built, or the build fails.
  const args = ['build', '-C', SOURCE, '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags=-s -w']
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
  try {
    await promisify(execFile)('go', [...args, '-o', output, '.'], { env, maxBuffer: 2 ** 26 })
  } catch (error) {
    const { code, stderr } = error as { code: unknown; stderr: string }
    throw new Error(
      code === 'ENOENT'
        ? `These tests run against a real OpenTelemetry Collector, which is built with Go ${go} or newer. ` +
            'There is no `go` on the PATH. Get it from https://go.dev/dl, or from your package manager.'
        : `The OpenTelemetry Collector could not be built with \`go ${args.join(' ')}\`:\n${stderr}`,
    )
  }
}

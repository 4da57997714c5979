import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePorts, startServer, withLifeline } from '../server.ts'
import { cortexBinary } from './build.ts'
import { copied, EXAMPLES } from './examples.ts'
import { type Restartable, restartable } from './restartable.ts'

/** Cortex as examples/cortex has it: several nodes that share a folder, and know of each other. */
export interface Cortex {
  nodes: CortexNode[]
}

export interface CortexNode extends Restartable {
  /** Base URL of what takes requests: OTLP at `/api/v1/otlp`, remote write at `/api/v1/push`. */
  base: string
  /** Base URL of the API that Prometheus has too. */
  url: string
}

const NAMES = ['a', 'b', 'c']

/**
 * Starts one node or three, with all that they write in `dir`. They replicate each other where they are three. `rules` is
 * the name of a file to copy.
 */
export async function startCortex(dir: string, count: 1 | 3, rules?: string): Promise<Cortex> {
  mkdirSync(join(dir, 'rules/fake'), { recursive: true })
  if (rules) writeFileSync(join(dir, 'rules/fake/otlp-tally.yml'), readFileSync(join(EXAMPLES, rules)))
  const ports = await freePorts(3 * count)
  const gossip = ports.slice(2 * count)
  copied(dir, '../cortex/cortex.yaml', {
    "['127.0.0.1:7946', '127.0.0.1:7947', '127.0.0.1:7948']": JSON.stringify(
      gossip.map(port => `127.0.0.1:${port}`),
    ),
    'rejoin_interval: 10s': 'rejoin_interval: 1s',
    'evaluation_interval: 1m': 'evaluation_interval: 1s',
  })
  const cortex = await cortexBinary()

  async function startNode(name: string, i: number): Promise<CortexNode> {
    const [http, grpc] = [ports[2 * i]!, ports[2 * i + 1]!]
    const base = `http://127.0.0.1:${http}`
    const env = {
      NODE: name,
      HTTP: `${http}`,
      GRPC: `${grpc}`,
      GOSSIP: `${gossip[i]}`,
      REPLICAS: `${count}`,
    }
    // Their folders are named relative to where they are started.
    const { command, args } = withLifeline(cortex, ['-config.file=cortex.yaml', '-config.expand-env=true'])
    const start = async () => {
      const server = await startServer({
        title: 'Cortex',
        command: '/bin/sh',
        args: ['-c', 'cd "$1" && shift && exec "$@"', 'sh', dir, command, ...args],
        env,
        log: join(dir, `cortex-${name}.log`),
        ready: () => answers(`${base}/ready`),
      })
      // It ends with 1 where it is stopped while a part of it is still starting.
      return { ...server, stop: () => server.stop().catch(() => {}) }
    }
    return Object.assign(await restartable(start), { base, url: `${base}/prometheus` })
  }
  return { nodes: await Promise.all(NAMES.slice(0, count).map(startNode)) }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePorts, startServer, withLifeline } from '../server.ts'
import { thanosBinary } from './build.ts'
import { copied } from './examples.ts'
import { type Restartable, restartable } from './restartable.ts'

/** Thanos as examples/thanos has it: two receivers that replicate each other, rules, a store and a query. */
export interface Thanos {
  receivers: Receiver[]
  /** The query: base URL of the API that Prometheus has too. */
  url: string
  stop(): Promise<void>
}

export interface Receiver extends Restartable {
  /** `host:port` of what takes OTLP at `/api/v1/otlp` and remote write at `/api/v1/receive`. */
  address: string
}

/**
 * Environment in which a receiver can start at any time. Thanos 0.42 prunes its tenants in each minute of the local day that 240
 * divides (00:00, 04:00, …), and `thanos receive` panics when it starts in such a minute, because their databases are not
 * open yet: `t.tsdb.Head()` in `shouldBeMarkedInactive`, pkg/receive/multitsdb.go. In the time zone of this
 * environment the next such minute is two hours away. https://github.com/thanos-io/thanos/pull/8990 repairs it; 0.42.5
 * does not have that yet.
 */
export function farFromPruning(dir: string): Record<string, string> {
  const minutes = 120 - (Math.floor(Date.now() / 60_000) % 240)
  // RFC 8536: a header of 44 bytes that says how many types of local time and bytes of names follow, one type, its name.
  const zone = Buffer.alloc(54)
  zone.write('TZif')
  zone.writeUInt32BE(1, 36)
  zone.writeUInt32BE(4, 40)
  zone.writeInt32BE(minutes * 60, 44)
  zone.write('FAR\0', 50)
  const path = join(dir, 'zone')
  writeFileSync(path, zone)
  return { TZ: `:${path}` }
}

/** Starts it with all that it writes in `dir`. Without the name of a file of rules, receivers and query alone. */
export async function startThanos(dir: string, rules?: string): Promise<Thanos> {
  mkdirSync(join(dir, 'bucket'), { recursive: true })
  const thanos = await thanosBinary()
  const ports = (await freePorts(14)).map(port => `127.0.0.1:${port}`)
  const [grpcA, httpA, writeA, capnpA, grpcB, httpB, writeB, capnpB, ...more] = ports as [string, ...string[]]
  const [grpcRule, httpRule, grpcStore, httpStore, grpcQuery, httpQuery] = more as [string, ...string[]]
  copied(dir, '../thanos/hashring.json', { '127.0.0.1:10901': grpcA!, '127.0.0.1:10911': grpcB! })
  copied(dir, '../thanos/receive.flags')
  copied(dir, '../thanos/bucket.yml')
  if (rules) copied(dir, rules)
  const env = farFromPruning(dir)

  async function component(name: string, http: string, args: readonly string[]) {
    const lifeline = withLifeline(thanos, args)
    return restartable(() =>
      startServer({
        title: `Thanos ${name}`,
        command: '/bin/sh',
        // What their files name is relative to where they are started.
        args: ['-c', 'cd "$1" && shift && exec "$@"', 'sh', dir, lifeline.command, ...lifeline.args],
        env,
        log: join(dir, `thanos-${name}.log`),
        ready: () => answers(`http://${http}/-/ready`),
      }),
    )
  }

  const receiver = async (name: string, grpc: string, http: string, write: string, capnp: string) => {
    const args = [
      'receive',
      '@receive.flags',
      `--label=replica="${name}"`,
      `--tsdb.path=${name}`,
      `--receive.local-endpoint=${grpc}`,
      `--grpc-address=${grpc}`,
      `--http-address=${http}`,
      `--remote-write.address=${write}`,
      `--receive.capnproto-address=${capnp}`,
    ]
    const started = await component(name, http, args)
    return Object.assign(started, { address: write })
  }
  const keeper = (rules: string) => [
    component('rule', httpRule!, [
      'rule',
      `--http-address=${httpRule}`,
      `--grpc-address=${grpcRule}`,
      `--query=http://${httpQuery}`,
      `--rule-file=${rules}`,
      '--eval-interval=1s',
      '--label=replica="rule"',
      '--data-dir=rule',
      '--objstore.config-file=bucket.yml',
    ]),
    component('store', httpStore!, [
      'store',
      `--http-address=${httpStore}`,
      `--grpc-address=${grpcStore}`,
      '--data-dir=store',
      '--objstore.config-file=bucket.yml',
    ]),
  ]
  const [a, b, ...others] = await Promise.all([
    receiver('a', grpcA, httpA!, writeA!, capnpA!),
    receiver('b', grpcB!, httpB!, writeB!, capnpB!),
    component('query', httpQuery!, [
      'query',
      `--http-address=${httpQuery}`,
      `--grpc-address=${grpcQuery}`,
      ...[grpcA, grpcB, ...(rules ? [grpcRule, grpcStore] : [])].map(address => `--endpoint=${address}`),
      '--query.replica-label=replica',
      '--deduplication.func=chain',
    ]),
    ...(rules ? keeper(rules) : []),
  ])
  return {
    receivers: [a, b],
    url: `http://${httpQuery}`,
    async stop() {
      await Promise.all([a, b, ...others].map(component => component.stop()))
    },
  }
}

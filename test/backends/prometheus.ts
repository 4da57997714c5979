import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Counts } from '../collector/counts.ts'
import { answers, freePorts, startServer, withLifeline } from '../server.ts'
import { prometheusBinaries } from './build.ts'
import { type Restartable, restartable } from './restartable.ts'

/** A running Prometheus. */
export interface Prometheus extends Restartable {
  /** Base URL. */
  url: string
}

/** What a query answers: the labels of each sample, and its value. */
export type Sample = { labels: Record<string, string>; value: number }

/** Starts a Prometheus on a free port, with its data and log in `dir`, and waits until it is ready. */
export async function startPrometheus(
  dir: string,
  config: string,
  flags: readonly string[],
  env?: Record<string, string>,
): Promise<Prometheus> {
  mkdirSync(dir, { recursive: true })
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const { prometheus } = await prometheusBinaries()
  const start = () =>
    startServer({
      title: 'Prometheus',
      ...withLifeline(prometheus, [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        ...flags,
      ]),
      env,
      log: join(dir, 'prometheus.log'),
      ready: () => answers(`${url}/-/ready`),
    })
  return Object.assign(await restartable(start), { url })
}

/** An instant query, now or at a time in seconds, to a Prometheus or to whatever has its API at a base URL. */
export async function query(
  { url }: { url: string },
  promql: string,
  // Said, because Cortex's own now is the beginning of the second.
  time: number = Date.now() / 1000,
): Promise<Sample[]> {
  const body = new URLSearchParams({ query: promql, time: String(time) })
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body })
  const reply = await response.json()
  if (reply.status !== 'success') throw new Error(`${promql}: ${reply.error}`)
  return reply.data.result.map(
    ({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => ({
      labels: metric,
      value: Number(value[1]),
    }),
  )
}

/** The same by version and command, as far as the samples have them: `{ '1.0.0 build': 3 }`, or `{ '': 2 }`. */
export async function counts(
  store: { url: string },
  promql = 'job_version_command:command_invocation:day',
): Promise<Counts> {
  const samples = await query(store, promql)
  return Object.fromEntries(
    samples.map(({ labels, value }) => [
      [labels.service_version, labels.command_name].filter(Boolean).join(' '),
      value,
    ]),
  )
}

/** The same where it is one number, or none. */
export async function number(store: { url: string }, promql: string): Promise<number | undefined> {
  return (await query(store, promql))[0]?.value
}

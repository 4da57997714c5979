// As PostHog's documentation advises for short-lived processes: one event a batch, then shutdown(). Without retries, which
// would make the row slower.
import { PostHog } from 'posthog-node'

const client = new PostHog('phc_bench', {
  host: process.env.BENCH_ENDPOINT,
  flushAt: 1,
  flushInterval: 0,
  requestTimeout: 2000,
  fetchRetryCount: 0,
})
client.capture({ distinctId: 'bench', event: 'command_invocation', properties: { command_name: 'build' } })
client.shutdown(2000).catch(() => {})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { counts, type Received, startReceiver } from '../receiver.ts'
import { makeWorld, runProcess } from '../world.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/migrating.md'), 'utf8')

/** The code before and after, of one chapter. */
function chapter(heading: string): [before: string, after: string] {
  const text = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`))!
  const [before, after, ...more] = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code!)
  expect(more).toEqual([])
  return [before!, after!]
}

/** A user who was told, a receiver in the place of the server that the code names, and code run as a process. */
async function setting() {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const world = makeWorld()
  world.writeConfig('[telemetry]\nenabled = true\n')
  // Where the packages are that the code imports.
  const cwd = join(root, 'examples/frameworks')
  const run = (code: string, env: Record<string, string> = {}) =>
    runProcess(
      process.execPath,
      ['--input-type=module', '-e', code.replace(/https:\/\/[a-z.]+/g, receiver.endpoint)],
      { cwd, env: { ...world.env, ...env } },
    )
  return { receiver, run }
}

const quiet = { status: 0, stdout: '', stderr: '' }

/** The value of each body's last point: the zero that begins a series comes before it. */
const values = (requests: readonly Received[]) =>
  requests.map(({ body }) => {
    const { asInt, asDouble } =
      JSON.parse(body).resourceMetrics[0].scopeMetrics[0].metrics[0].sum.dataPoints.at(-1)
    return Number(asInt ?? asDouble)
  })

describe.each(['From posthog-node', 'From a `fetch` of your own', 'From the OpenTelemetry SDK'])(
  '%s',
  heading => {
    test('the code after counts all, in one series', async () => {
      const { receiver, run } = await setting()
      const [, after] = chapter(heading)
      for (let invocation = 1; invocation <= 3; invocation++) {
        expect(await run(after)).toMatchObject(quiet)
        await receiver.arrived(invocation)
      }
      expect(counts(receiver.requests)).toEqual({ build: 3 })
      expect(values(receiver.requests)).toEqual([1, 2, 3])
    })

    test('whoever has opted out stays out', async () => {
      const { receiver, run } = await setting()
      for (const code of chapter(heading))
        expect(await run(code, { TRIX_NO_ANALYTICS: '1' })).toMatchObject(quiet)
      // What is sent, is sent by a process of its own. Its count would be in the next body.
      await run(chapter(heading)[1])
      expect(counts(await receiver.arrived(1))).toEqual({ build: 1 })
      expect(receiver.requests).toHaveLength(1)
    })
  },
)

test('posthog-node sends an event an invocation; what comes after goes to the same project', async () => {
  const { receiver, run } = await setting()
  const [before, after] = chapter('From posthog-node')
  for (let invocation = 0; invocation < 3; invocation++) expect(await run(before)).toMatchObject(quiet)
  const events = receiver.requests.filter(({ url }) => url.startsWith('/batch'))
  expect(events).toHaveLength(3)
  const sent = receiver.requests.length
  await run(after)
  const { method, url } = (await receiver.arrived(sent + 1)).at(-1)!
  expect({ method, url }).toEqual({ method: 'POST', url: '/i/v1/metrics?token=phc_key' })
})

test.each(['From a `fetch` of your own', 'From the OpenTelemetry SDK'])(
  '%s: the code before says 1, from a new start, however often it is run',
  async heading => {
    const { receiver, run } = await setting()
    const [before] = chapter(heading)
    for (let invocation = 0; invocation < 3; invocation++) expect(await run(before)).toMatchObject(quiet)
    expect(values(receiver.requests)).toEqual([1, 1, 1])
    const starts = receiver.requests.map(({ body }) => /"startTimeUnixNano":"(\d+)"/.exec(body)![1])
    expect(new Set(starts).size).toBe(3)
  },
)

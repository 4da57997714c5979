import { expect, test } from 'vitest'
import { counts, startReceiver } from '../receiver.ts'
import { makeWorld } from '../world.ts'
import { blocksOf } from './pages.ts'

test('the code in docs/migrating.md sends to PostHog as PostHog requires, and sends nothing for users who opted out', async () => {
  const receiver = await startReceiver()
  const { script } = makeWorld({ TRIX_TELEMETRY: 'on' })
  const [block] = blocksOf('migrating.md')
  const code = block!.code.replace('https://us.i.posthog.com', receiver.endpoint)
  const quiet = { status: 0, stdout: '', stderr: '' }
  expect(await script(code, { TRIX_NO_ANALYTICS: '1' })).toMatchObject(quiet)
  expect(await script(code)).toMatchObject(quiet)
  const [request] = await receiver.arrived(1)
  expect(request).toMatchObject({
    method: 'POST',
    url: '/i/v1/metrics',
    headers: { authorization: 'Bearer phc_key' },
  })
  expect(counts(receiver.requests)).toEqual({ build: 1 })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bodyOf, hostileBodies } from '../bodies.ts'
import { type Listening, post, startListen } from '../listening.ts'
import { makeWorld } from '../world.ts'
import { accessibilityProblems, expectNoOverflow, looks, tabStops, useBrowser } from './browser.ts'

// The name of a stranger that DNS says is this machine.
const open = useBrowser(['--host-resolver-rules=MAP rebound.example 127.0.0.1'])

/** A page of somebody else, on another port of this machine. */
async function strangersPage(): Promise<string> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>stranger</h1>'),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const headlineOf = async ({ page }: Awaited<ReturnType<typeof open>>) => page.locator('#headline').innerText()

describe('the live page', () => {
  test.each(looks)(
    'on %s: readable for all, asks only where it came from, never too wide',
    async (_, look) => {
      const listening = await startListen()
      const opened = await open(listening.page, look)
      expect(await accessibilityProblems(opened.page)).toEqual([])
      await expectNoOverflow(opened.page)
      await post(listening.url, bodyOf())
      await fetch(listening.url, { method: 'POST', body: '{' })
      for (const body of hostileBodies()) await post(listening.url, body)
      await expect
        .poll(() => headlineOf(opened), { timeout: 20_000 })
        .toMatch(/^9 runs of 9 commands, 8 events, 1 request refused/)
      expect(await accessibilityProblems(opened.page)).toEqual([])
      await expectNoOverflow(opened.page)
      expect(new Set(opened.requests)).toEqual(new Set([`${listening.page}/`, `${listening.page}/events`]))
      expect(opened.errors).toEqual([])
      expect(await opened.page.title()).toBe('otlp-tally listen')
    },
  )

  test('shows what a real process has sent, its body, and what each field is for', async () => {
    const { page: address } = await startListen()
    const opened = await open(address)
    const { page } = opened
    expect(await headlineOf(opened)).toBe('Waiting for the first command')
    expect(await page.locator('#run').innerText()).toBe(
      `MYTOOL_TELEMETRY=on MYTOOL_TELEMETRY_ENDPOINT=${address} mytool build`,
    )
    const world = makeWorld({ TRIX_TELEMETRY: 'on', TRIX_TELEMETRY_ENDPOINT: address })
    await world.tool(['build'])
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toBe('1 run of 1 command')
    await world.tool(['build'])
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toBe('2 runs of 1 command')
    await world.tool(['check'])
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toBe('3 runs of 2 commands')
    expect(await page.locator('#runs-list summary').allInnerTexts()).toEqual([
      expect.stringMatching(/trix build\s+2$/),
      expect.stringMatching(/trix check\s+1$/),
    ])
    expect(
      (await page.locator('#feed-list li').allInnerTexts()).map(text => text.split('\n').at(-2)),
    ).toEqual([...['trix 0.19.3 check', 'trix 0.19.3 build', 'trix 0.19.3 build']])
    expect(await page.locator('.again').innerText()).toBe(
      `Run more: TRIX_TELEMETRY=on TRIX_TELEMETRY_ENDPOINT=${address} trix …`,
    )
    expect(await page.locator('#body-text').innerText()).toContain('"stringValue": "check"')
    expect(await page.locator('.field', { hasText: 'user.fingerprint' }).innerText()).toContain('a random id')
    // Said to whoever cannot see it, once nothing more comes: what came last, and how it stands.
    await expect
      .poll(() => page.locator('#news').textContent(), { timeout: 20_000 })
      .toMatch(/^trix 0\.19\.3 {2}check \+1; 3 runs of 2 commands$/)
    expect(opened.errors).toEqual([])
  })

  test.each([true, false])(
    'a field that is chosen is lit in the body (scripts: %s)',
    async javaScriptEnabled => {
      const listening = await startListen()
      await post(listening.url, bodyOf({ who: 'me' }))
      const { page } = await open(listening.page, { javaScriptEnabled })
      const lit = () =>
        page.locator('#body-text label').evaluateAll(labels => {
          const lit = labels.filter(label => getComputedStyle(label).backgroundColor !== 'rgba(0, 0, 0, 0)')
          return lit.map(label => label.textContent)
        })
      expect(await lit()).toEqual(['{ "key": "service.name", "value": { "stringValue": "trix" } }'])
      await page.locator('#f0').focus()
      await page.keyboard.press('ArrowDown')
      expect(await lit()).toEqual(['{ "key": "service.version", "value": { "stringValue": "0.19.3" } }'])
      await page.locator('#body-text label', { hasText: 'user.fingerprint' }).click()
      expect(await lit()).toEqual(['{ "key": "user.fingerprint", "value": { "stringValue": "me" } }'])
    },
  )

  test('leaves a reader where he is: focus, place, what is unfolded, chosen and marked', async () => {
    const listening = await startListen()
    for (let i = 0; i < 40; i++) await post(listening.url, bodyOf({ command: `command ${i}` }))
    const opened = await open(listening.page, { viewport: { width: 360, height: 740 } })
    const { page } = opened
    const [first] = await tabStops(page)
    expect(first).toEqual({ id: '', outlined: true }) // the summary of the first command
    await page.locator('#t3 summary').click()
    await page.locator('.field').nth(3).click()
    await page.evaluate(() => scrollTo(0, 900))
    const place = () =>
      page.evaluate(() => [
        document.activeElement!.id,
        scrollY,
        document.querySelector('input:checked')!.id,
        [...document.querySelectorAll('details[open]')].map(({ id }) => id),
      ])
    const before = await place()
    expect(before).toEqual(['f3', 900, 'f3', ['d-t3']])
    await post(listening.url, bodyOf({ command: 'command 1', who: 'somebody' }))
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toMatch(/^41 /)
    expect(await place()).toEqual(before)

    await page.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#headline')!))
    await post(listening.url, bodyOf({ command: 'the last' }))
    await new Promise(resolve => setTimeout(resolve, 1000))
    expect(await headlineOf(opened)).toMatch(/^41 /)
    await page.evaluate(() => getSelection()!.removeAllRanges())
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toMatch(/^42 /)
  })

  test.each(looks)(
    'on %s there is one scroll, what has just come is on the first screen, and no line is cut',
    async (_, look) => {
      const listening = await startListen()
      for (let i = 0; i < 40; i++) await post(listening.url, bodyOf({ command: `command ${i}` }))
      for (const body of hostileBodies()) await post(listening.url, body)
      await fetch(listening.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{',
      })
      const { page } = await open(listening.page, look)
      const scrolls = await page.evaluate(
        () =>
          [...document.querySelectorAll('main *')].filter(
            element =>
              element.scrollHeight > element.clientHeight + 2 &&
              /auto|scroll/.test(getComputedStyle(element).overflowY),
          ).length,
      )
      expect(scrolls).toBe(0)
      expect((await page.locator('#feed-list li').first().boundingBox())!.y).toBeLessThan(
        look.viewport!.height,
      )
      for (const part of [
        '#feed-list li',
        '#runs-list li',
        '#events-list li',
        '.remarks li',
        '#body-text',
        '.field',
      ])
        await expect.poll(() => page.locator(part).first().isVisible()).toBe(true)
    },
  )

  test('the chart of the last minute moves on while nothing comes', async () => {
    const listening = await startListen()
    await post(listening.url, bodyOf())
    const { page } = await open(listening.page)
    const second = () =>
      page
        .locator('.minute rect')
        .evaluateAll(bars => bars.findIndex(bar => bar.getAttribute('height') !== '0.0'))
    const first = await second()
    await expect.poll(second, { timeout: 15_000 }).toBeLessThan(first - 1)
  })

  test('answers while 10,000 invocations come, and has them all at the end', async () => {
    const listening = await startListen()
    const opened = await open(listening.page)
    let sent = 0
    const send = async () => {
      while (sent < 10_000) {
        const value = ++sent
        await post(listening.url, bodyOf({ command: `command ${value % 300}`, who: `${value}` }))
      }
    }
    const all = Promise.all(Array.from({ length: 8 }, send))
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toMatch(/^[\d,]{3,} runs/)
    await all
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toMatch(/^10,000 runs of 300 commands/)
    expect(await opened.page.locator('#runs-list > li').count()).toBe(100)
    expect(opened.errors).toEqual([])
  })

  test('says that the receiver has ended, and goes on when it is back', async () => {
    const first = await startListen()
    const opened = await open(first.page)
    const state = () => opened.page.locator('#state').innerText()
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^Live/)
    first.child.kill('SIGINT')
    await first.ended
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^Not connected/)
    const { url } = await startListen('--port', new URL(first.page).port)
    await expect.poll(state, { timeout: 20_000 }).toMatch(/^Live/)
    await post(url, bodyOf())
    await expect.poll(() => headlineOf(opened), { timeout: 20_000 }).toMatch(/^1 run /)
  })

  test('without scripts shows how it stands, and how to see more', async () => {
    const listening = await startListen()
    await post(listening.url, bodyOf())
    const { page } = await open(listening.page, { javaScriptEnabled: false })
    expect(await page.locator('body').innerText()).toMatch(/reload it[\s\S]*1 run of 1 command/)
  })
})

describe('of another page', () => {
  /** What a page of a stranger gets to see of ours, by whatever way. */
  async function looksFrom(stranger: string, listening: Listening) {
    const { page } = await open(stranger)
    return page.evaluate(
      async ({ ours, url }) => {
        const status = (request: Promise<Response>) =>
          request.then(
            ({ status, type }) => (type === 'opaque' ? type : status),
            () => 'failed',
          )
        const framed = await new Promise<string>(resolve => {
          const frame = document.createElement('iframe')
          frame.src = ours
          frame.onload = () => {
            try {
              resolve(frame.contentDocument?.body.innerText ?? 'closed')
            } catch {
              resolve('closed')
            }
          }
          document.body.append(frame)
        })
        const events = await new Promise(resolve => {
          const source = new EventSource(`${ours}/events`)
          source.onopen = () => resolve('open')
          source.onerror = () => resolve('failed')
        })
        return {
          framed,
          events,
          read: await status(fetch(ours)),
          blind: await status(fetch(ours, { mode: 'no-cors' })),
          json: await status(
            fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
          ),
          form: await status(fetch(url, { method: 'POST', mode: 'no-cors', body: '{}' })),
        }
      },
      { ours: listening.page, url: listening.url },
    )
  }

  test('nothing is read by it, and what it sends is refused', async () => {
    const listening = await startListen()
    await post(listening.url, bodyOf({ tool: 'secret' }))
    expect(await looksFrom(await strangersPage(), listening)).toEqual({
      ...{ framed: 'closed', events: 'failed', read: 'failed' },
      ...{ blind: 'failed', json: 'failed', form: 'failed' },
    })
    await listening.printed('403: this request comes from a page of another origin')
    expect(listening.output().match(/\+1/g)).toHaveLength(1)
  })

  test('under the name of another host there is no page, no events, and nothing is taken', async () => {
    const listening = await startListen()
    const rebound = listening.page.replace('127.0.0.1', 'rebound.example')
    // Our answer lets its page ask for nothing at all; a stranger's would.
    const { page } = await open(rebound, { bypassCSP: true })
    expect(await page.locator('body').innerText()).toContain('this page is only at http://127.0.0.1:')
    const answers = await page.evaluate(async () => {
      const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
      const requests = [fetch('/'), fetch('/events'), fetch('/v1/metrics', post)]
      return (await Promise.all(requests)).map(({ status }) => status)
    })
    expect(answers).toEqual([403, 403, 403])
  })
})

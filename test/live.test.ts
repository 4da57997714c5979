import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { bodyOf, HOSTILE } from './bodies.ts'
import { post, startListen } from './listening.ts'

interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
}

/** A request with exactly these headers, some of which `fetch` forbids. Reads the answer up to `enough` characters. */
function ask(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
  enough = Infinity,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, response => {
      const { statusCode = 0, headers } = response
      let text = ''
      const done = () => resolve({ status: statusCode, headers, text })
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
        if (text.length < enough) return
        response.destroy()
        done()
      })
      response.on('end', done)
    })
    sent.on('error', reject)
    sent.end(method === 'POST' ? '{}' : undefined)
  })
}

/** The first event of a page's stream. */
async function event(page: string): Promise<string> {
  const { text } = await ask(`${page}/events`, {}, 'GET', 1)
  return JSON.parse(/^data: (.*)\n\n$/.exec(text)![1]!)
}

describe('the page of listen', () => {
  test('is named at the start, and shows what has come, what was refused and why', async () => {
    const { url, page, output } = await startListen()
    expect(output()).toContain(`a page of what arrives: ${page}/\n`)
    expect((await ask(`${page}/`)).text).toContain('Waiting for the first command')
    await post(url, bodyOf({ value: 3 }))
    await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' })
    const { text } = await ask(`${page}/`)
    expect(text).toMatch(/<summary><span>trix build<\/span> <strong>3<\/strong>/)
    expect(text).toContain('<p id="headline">3 runs of 1 command, 1 request refused</p>')
    expect(text).toMatch(
      /<li id="e1" class="run"><time>[\d:]{8}<\/time> <span>trix 0\.19\.3 {2}build<\/span> <strong>\+3<\/strong><\/li>/,
    )
    expect(text).toMatch(/<li><small>[\d:]{8}<\/small> 400: the body is not JSON/)
    expect(text).toContain(await event(page))
  })

  test('shows the variables of a tool: for any tool before the first body, and with its name after it', async () => {
    const { url, page, output } = await startListen()
    const rule = `MYTOOL_TELEMETRY=on MYTOOL_TELEMETRY_ENDPOINT=${page} mytool`
    expect(output()).toContain(
      `point a tool at it: ${rule} …\n                    MYTOOL is its name in capitals: MY_TOOL for my-tool\n`,
    )
    expect((await ask(`${page}/`)).text).toContain(`${rule} build</pre>`)
    await post(url, bodyOf({ tool: '@me/2-fast' }))
    const { text } = await ask(`${page}/`)
    expect(text).toContain(`<code>_2_FAST_TELEMETRY=on _2_FAST_TELEMETRY_ENDPOINT=${page} 2-fast …</code>`)
    expect(text).not.toContain('MYTOOL')
  })

  test('has a chart of the last minute, the newest arrivals first, and each remark once', async () => {
    const { url, page } = await startListen()
    const json = { 'content-type': 'application/json; charset=utf-8' }
    for (let value = 1; value <= 20; value++)
      await fetch(url, { method: 'POST', headers: json, body: JSON.stringify(bodyOf({ value, start: 1 })) })
    const { text } = await ask(`${page}/`)
    expect(text).toMatch(/aria-label="20 runs in the last minute, at most \d+ per second"/)
    expect([...text.matchAll(/<li id="e(\d+)" class/g)].map(([, id]) => Number(id))).toEqual(
      Array.from({ length: 8 }, (_, index) => 20 - index),
    )
    expect(text).toMatch(/send application\/json alone <small>\(20 times\)<\/small>/)
  })

  test('explains the fields of the last body, and marks each of them in it', async () => {
    const { url, page } = await startListen()
    await post(url, bodyOf({ who: 'me', metric: 'cups' }))
    const { text } = await ask(`${page}/`)
    const marked = [...text.matchAll(/<label class="(f\d+)" for="\1">(.*?)<\/label>/g)].map(
      ([, id, code]) => [id, code],
    )
    const explained = [...text.matchAll(/id="(f\d+)"[^>]*><label for="\1"><code>(.*?)<\/code>/g)]
    const names = new Map(explained.map(([, id, name]) => [id, name]))
    expect(marked.map(([id]) => names.get(id))).toEqual([
      ...[
        'service.name',
        'service.version',
        'user.fingerprint',
        'cups',
        'aggregationTemporality',
        'isMonotonic',
      ],
      ...['command_name', 'startTimeUnixNano', 'timeUnixNano', 'asInt'],
    ])
    for (const [id, code] of marked) expect(code).toContain(names.get(id))
  })

  test('adds up runs, failures and events, each by version and agent', async () => {
    const { url, page } = await startListen()
    await post(url, bodyOf({ value: 5, version: '1.0.0' }))
    await post(url, bodyOf({ value: 2, version: '2.0.0' }))
    await post(url, bodyOf({ value: 1, version: '2.0.0', agent: 'claude-code' }))
    await post(url, bodyOf({ value: 3, metric: 'command_failure', version: '2.0.0' }))
    await post(url, bodyOf({ value: 4, metric: 'found' }))
    const { text } = await ask(`${page}/`)
    expect(text).toContain('<p id="headline">8 runs of 1 command, 3 failed, 4 events</p>')
    expect(text).toMatch(
      /<summary><span>trix build <small>3 failed<\/small><\/span> <strong>8<\/strong>.*?<ul><li><span>1\.0\.0<\/span> <strong>5<\/strong><\/li><li><span>2\.0\.0 <small>3 failed<\/small><\/span> <strong>2<\/strong><\/li><li><span>2\.0\.0 by claude-code<\/span> <strong>1<\/strong>/,
    )
    expect(text).toMatch(/id="events">Events<[\s\S]*<span>trix found build<\/span> <strong>4<\/strong>/)
  })

  test('has one line for what is not counted, and explains only what is true of any sender', async () => {
    const { url, page } = await startListen()
    const sdk = { key: 'telemetry.sdk.language', value: { stringValue: 'nodejs' } }
    const id = { key: 'service.instance.id', value: { stringValue: 'x' } }
    const point = { timeUnixNano: '2', startTimeUnixNano: '1', asInt: '2' }
    const metrics = [
      { name: 'temperature', gauge: { dataPoints: [{ timeUnixNano: '1', asDouble: 20 }] } },
      { name: 'open', sum: { aggregationTemporality: 2, dataPoints: [point] } },
    ]
    const scopeMetrics = [{ scope: { name: 'of somebody' }, metrics }]
    await post(url, { resourceMetrics: [{ resource: { attributes: [sdk, id] }, scopeMetrics }] })
    const { text } = await ask(`${page}/`)
    expect(text).toContain('Received and not counted: temperature (gauge), open (sum that may fall).')
    expect(text).toContain(
      '<code>telemetry.sdk.language</code> <span>the language that this library is for</span>',
    )
    expect(text).not.toMatch(/random id|only ever grows/)
  })

  test('has headers that let it run its own script and ask its own server, and nothing else', async () => {
    const { page } = await startListen()
    const { headers } = await ask(`${page}/`)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(String(headers['content-security-policy']).replace(/sha256-[\w+/=]+/g, 'hash')).toBe(
      "default-src 'none'; style-src 'hash'; script-src 'hash'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    for (const path of ['/favicon.ico', '/nothing', '/v1/metrics'])
      expect((await ask(page + path)).headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      })
  })

  test.each(['/', '/events', '/?x', '/favicon.ico'])(
    '%s is not shown under another host, nor to a page of another origin',
    async path => {
      const { page } = await startListen()
      const { port } = new URL(page)
      const status = async (headers: Record<string, string>) =>
        (await ask(page + path, headers, 'GET', 1)).status
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`])
        expect([host, await status({ host })]).toEqual([host, path === '/favicon.ico' ? 204 : 200])
      for (const host of [
        ...[
          'evil.example',
          `evil.example:${port}`,
          `127.0.0.1.evil.example:${port}`,
          `localhost:${port}.evil`,
        ],
        ...['127.0.0.1', 'localhost:1', `127.0.0.1:${port}@evil.example`, `0.0.0.0:${port}`],
      ])
        expect([host, await status({ host })]).toEqual([host, 403])
      for (const origin of [
        'null',
        'http://evil.example',
        `https://localhost:${port}`,
        'http://localhost:1',
        '',
      ])
        expect([origin, await status({ origin })]).toEqual([origin, 403])
      for (const site of ['cross-site', 'same-site', 'nonsense'])
        expect([site, await status({ 'sec-fetch-site': site })]).toEqual([site, 403])
      expect(await status({ 'sec-fetch-site': 'same-origin', origin: page })).not.toBe(403)
      expect((await ask(page + path, { host: 'evil.example' })).text).toContain(
        `this page is only at ${page}/`,
      )
    },
  )

  test.each(Object.keys(HOSTILE))('shows a name with %s in it as text', async kind => {
    const { url, page } = await startListen()
    const name = HOSTILE[kind]!
    await post(url, bodyOf({ tool: name, version: name, who: name, command: name, metric: name }))
    for (const text of [(await ask(`${page}/`)).text, await event(page)]) {
      const main = /<h1>[\s\S]*<\/section>/.exec(text)![0]
      expect(main).not.toMatch(/<script|<img|<b>|(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(main.match(/<\/pre>/g)).toHaveLength(1)
      expect(main.length).toBeLessThan(100_000)
    }
  })

  test('treats null like a field that is absent', async () => {
    const { url, page } = await startListen()
    const point = { timeUnixNano: '1', asInt: '2', attributes: null, startTimeUnixNano: null, asDouble: null }
    const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] }
    const metrics = [
      { name: 'm', sum },
      { name: 'n', sum: { ...sum, dataPoints: null } },
    ]
    const nothing = [{ resource: null, scopeMetrics: null }, { scopeMetrics: [{ metrics: null }] }]
    await post(url, {
      resourceMetrics: [...nothing, { resource: { attributes: null }, scopeMetrics: [{ metrics }] }],
    })
    expect(await event(page)).toMatch(/<summary><span>unknown m<\/span> <strong>2<\/strong>/)
    await post(url, { resourceMetrics: null })
    expect(await event(page)).toContain('<p id="headline">2 events</p>')
  })

  test('has at most 32 watchers at a time', async () => {
    const { page } = await startListen()
    const watching = Array.from({ length: 32 }, () => request(`${page}/events`))
    await Promise.all(
      watching.map(
        sent =>
          new Promise(resolve => {
            sent.on('error', () => {}).on('response', response => response.once('data', resolve))
            sent.end()
          }),
      ),
    )
    expect((await ask(`${page}/events`)).status).toBe(503)
    for (const sent of watching) sent.destroy()
    await expect.poll(async () => (await ask(`${page}/events`, {}, 'GET', 1)).status).toBe(200)
  })
})

describe('POST /v1/metrics', () => {
  const json = { 'content-type': 'application/json' }

  test('is accepted under any host name, but not from a page of another origin', async () => {
    const { url, page } = await startListen()
    expect(await ask(url, { ...json, host: 'host.docker.internal:4318' }, 'POST')).toMatchObject({
      status: 200,
    })
    expect(await ask(url, { ...json, origin: page }, 'POST')).toMatchObject({ status: 200 })
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site' },
    ])
      expect(await ask(url, { ...json, ...headers }, 'POST')).toMatchObject({
        status: 403,
        text: expect.stringContaining('of another origin'),
      })
  })
})

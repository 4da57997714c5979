import { expect, test } from 'vitest'
import { parseEndpoint } from '../src/core/decide/endpoint.ts'

test.each([
  ['http://localhost:4318', 'http://localhost:4318/v1/metrics'],
  ['http://localhost:4318/', 'http://localhost:4318/v1/metrics'],
  ['https://prometheus.example.com/api/v1/otlp', 'https://prometheus.example.com/api/v1/otlp/v1/metrics'],
  ['https://prometheus.example.com/api/v1/otlp//', 'https://prometheus.example.com/api/v1/otlp/v1/metrics'],
  ['https://example.com/otlp/v1/metrics', 'https://example.com/otlp/v1/metrics'],
  ['https://us.i.posthog.com/i/v1/metrics?token=phc_1', 'https://us.i.posthog.com/i/v1/metrics?token=phc_1'],
  ['https://example.com/i?token=a%20b', 'https://example.com/i/v1/metrics?token=a%20b'],
  ['https://example.com/#part', 'https://example.com/v1/metrics'],
  ['http://[::1]:4318', 'http://[::1]:4318/v1/metrics'],
])('%s is sent to %s', (endpoint, url) => expect(parseEndpoint(endpoint)?.url).toBe(url))

test.each([
  ['HTTPS://Otel.Example.com', 'https://otel.example.com:443'],
  ['https://otel.example.com:443/a?b', 'https://otel.example.com:443'],
  ['http://otel.example.com', 'http://otel.example.com:80'],
  ['http://otel.example.com:443', 'http://otel.example.com:443'],
  ['https://[2001:db8::1]:4318', 'https://[2001:db8::1]:4318'],
  ['https://t\u00e4lly.example', 'https://xn--tlly-loa.example:443'],
])('an agreement on %s is about %s', (endpoint, origin) =>
  expect(parseEndpoint(endpoint)?.origin).toBe(origin),
)

test.each([
  'http://localhost',
  'http://LOCALHOST:1',
  'https://127.0.0.1',
  'http://127.1:4318',
  'http://[::1]:4318',
])('%s is on this machine', endpoint => expect(parseEndpoint(endpoint)?.local).toBe(true))
test.each([
  ...[
    'http://localhost.example.com',
    'http://127.0.0.1.nip.io',
    'http://0.0.0.0',
    'http://10.0.0.1',
    'http://128.0.0.1',
  ],
  ...['http://[::2]', 'http://my-localhost', 'http://example.com/127.0.0.1', 'http://example.com/?localhost'],
])('%s is not on this machine, as far as its name says', endpoint =>
  expect(parseEndpoint(endpoint)?.local).toBe(false),
)

test.each([
  ...['', 'localhost:4318', 'ftp://example.com', 'file:///etc/passwd', '/v1/metrics', 'http://'],
  ...['https://user:secret@example.com', 'https://user@example.com', 'https://:secret@example.com'],
])('%j is not an endpoint', endpoint => expect(parseEndpoint(endpoint)).toBeUndefined())

test('an endpoint has no characters that a terminal obeys', () => {
  for (const odd of ['\u001b[2J', '\r\nTo evil', '\u202e', '\u009b', '\u2028'])
    for (const endpoint of [
      `https://a.example/${odd}`,
      `https://a.example/?${odd}`,
      `https://a${odd}.example`,
    ])
      expect(parseEndpoint(endpoint)?.url ?? '').toMatch(/^[!-~]*$/)
})

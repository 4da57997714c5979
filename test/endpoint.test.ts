import { expect, test } from 'vitest'
import { metricsUrl } from '../src/core/decide/endpoint.ts'

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
])('%s is sent to %s', (endpoint, url) => expect(metricsUrl(endpoint)).toBe(url))

test.each([
  '',
  'localhost:4318',
  'ftp://example.com',
  'file:///etc/passwd',
  '/v1/metrics',
  'http://',
  'https://user:secret@example.com',
])('%j is not an endpoint', endpoint => expect(metricsUrl(endpoint)).toBeUndefined())

import { request } from 'node:https'

const outgoing = request(`${process.env.BENCH_ENDPOINT}/v1/metrics`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  agent: false,
})
const timer = setTimeout(() => outgoing.destroy(), 2000)
outgoing
  .on('response', response => response.resume())
  .on('error', () => {})
  .on('close', () => clearTimeout(timer))
  .end(process.env.BENCH_BODY)

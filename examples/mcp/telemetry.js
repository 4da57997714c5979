import { initTelemetry } from 'otlp-tally'
import { tools } from './tools.js'

// A client can send any text as its name. Only these words are ever counted.
const clients = ['claude', 'codex', 'cursor', 'gemini', 'vscode', 'windsurf', 'zed']
export const clientOf = (name = '') =>
  clients.find(client => name.toLowerCase().replace('visual studio code', 'vscode').includes(client)) ??
  'other'

export const { trackCommand, trackEvent } = initTelemetry({
  name: 'notes-mcp',
  version: '0.19.3',
  endpoint: 'http://127.0.0.1:4318',
  commands: Object.keys(tools),
  events: { session: { client: [...clients, 'other'] } },
  consent: 'explicit', // a server has no terminal in which a notice is read
})

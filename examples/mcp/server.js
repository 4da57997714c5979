#!/usr/bin/env node
// An MCP server over stdio that counts its tools, and the kinds of clients that use it.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { clientOf, trackCommand, trackEvent } from './telemetry.js'
import { tools } from './tools.js'

if (process.argv[2] === 'telemetry') {
  const { runTelemetryCommand } = await import('otlp-tally/cli')
  process.exitCode = await runTelemetryCommand(process.argv.slice(3))
} else {
  const server = new McpServer({ name: 'notes-mcp', version: '0.19.3' })
  for (const [name, { config, run }] of Object.entries(tools)) {
    server.registerTool(name, config, async input => {
      trackCommand(name)
      return run(input)
    })
  }
  server.server.oninitialized = async () => {
    const { askConsent } = await import('./consent.js')
    await askConsent(server.server)
    trackEvent('session', { client: clientOf(server.server.getClientVersion()?.name) })
  }
  await server.connect(new StdioServerTransport())
}

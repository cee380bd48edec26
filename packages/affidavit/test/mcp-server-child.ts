// An MCP server on standard input and output.

import { Server } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

serveStdio(() => {
  const server = new Server({ name: 'clinic', version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler('tools/call', async ({ params }) => ({ content: [{ type: 'text', text: params.name }] }))
  return server
})

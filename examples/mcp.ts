// A client and a server of the Model Context Protocol, audited: what tools are called and what resources are read is on record, or does not
// happen. Each end is audited by itself where they are two processes.
// Run it: node --conditions=affidavit-source examples/mcp.ts
import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { openLedger } from 'affidavit'
import { auditMcpClient, auditMcpServer } from 'affidavit/adapters/mcp'
import { createAudit } from 'affidavit/capture'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
await using audit = createAudit({ ledger, agent_name: 'clinic' })

const server = auditMcpServer(new McpServer({ name: 'charts', version: '1.0.0' }), audit)
const inputSchema = fromJsonSchema<{ patient: string }>({ type: 'object', properties: { patient: { type: 'string' } } })
server.registerTool('get_chart', { description: 'Opens a chart.', inputSchema }, async ({ patient }) => ({
  content: [{ type: 'text', text: `${patient}: chronic kidney disease` }],
}))
server.registerResource('rules', 'rules://night', {}, async ({ href }) => ({
  contents: [{ uri: href, text: 'Knock.' }],
}))

const client = auditMcpClient(new Client({ name: 'clinic', version: '1.0.0' }), audit)
const [near, far] = InMemoryTransport.createLinkedPair()
await server.connect(far)
await client.connect(near)

await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, async () => {
  console.log((await client.callTool({ name: 'get_chart', arguments: { patient: 'p-42' } })).content)
  console.log((await client.readResource({ uri: 'rules://night' })).contents)
})
await client.close()
for await (const { seq, action } of ledger.as({ actor_id: 'auditor' }).search({ conversation_id: 'visit-1' })) {
  console.log(seq, action)
}

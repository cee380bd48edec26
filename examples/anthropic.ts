// A client of Anthropic, audited: what it is asked and what it answers is on record, or does not happen.
// Run it: node --conditions=affidavit-source examples/anthropic.ts
import Anthropic from '@anthropic-ai/sdk'
import { openLedger } from 'affidavit'
import { auditAnthropic } from 'affidavit/adapters/anthropic'
import { createAudit } from 'affidavit/capture'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
await using audit = createAudit({ ledger, agent_name: 'clinic' })

// Answers in the provider's place, so that this runs without a key. With a key, leave `fetch` out.
const content = [{ type: 'text', text: 'Better not, with your kidneys.' }]
const fetch = async () => Response.json({ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content })
const client = auditAnthropic(new Anthropic({ apiKey: 'none', fetch }), audit)

const question = { role: 'user', content: 'May I take ibuprofen?' } as const
const answer = await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, () =>
  client.messages.create({ model: 'claude', max_tokens: 500, system: 'You are a clinic.', messages: [question] }),
)
console.log(answer.content)
for await (const { seq, action } of ledger.as({ actor_id: 'auditor' }).search({ conversation_id: 'visit-1' })) {
  console.log(seq, action)
}

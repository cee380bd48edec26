// A client of OpenAI, audited: what it is asked and what it answers is on record, or does not happen.
// Run it: node --conditions=affidavit-source examples/openai.ts
import { openLedger } from 'affidavit'
import { auditOpenAI } from 'affidavit/adapters/openai'
import { createAudit } from 'affidavit/capture'
import OpenAI from 'openai'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
await using audit = createAudit({ ledger, agent_name: 'clinic' })

// Answers in the provider's place, so that this runs without a key. With a key, leave `fetch` out.
const message = { role: 'assistant', content: 'Better not, with your kidneys.' }
const choices = [{ index: 0, message, finish_reason: 'stop' }]
const fetch = async () => Response.json({ id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt', choices })
const openai = auditOpenAI(new OpenAI({ apiKey: 'none', fetch }), audit)

const question = { role: 'user', content: 'May I take ibuprofen?' } as const
const answer = await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, () =>
  openai.chat.completions.create({ model: 'gpt', messages: [question] }),
)
console.log(answer.choices[0]?.message.content)
for await (const { seq, action } of ledger.as({ actor_id: 'auditor' }).search({ conversation_id: 'visit-1' })) {
  console.log(seq, action)
}

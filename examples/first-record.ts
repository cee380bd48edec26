// An existing agent, audited. Run it: node --conditions=affidavit-source examples/first-record.ts
import { openLedger } from 'affidavit'

const agent = async (question: string): Promise<string> => `You asked: ${question}`

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
const turn = { conversation_id: 'visit-1', agent_name: 'clinic' } as const
const said = (body: string) => [{ name: 'message', media_type: 'text/plain', body }]
const user = { actor_id: 'u-17', actor_type: 'user' } as const
const question = 'May I take ibuprofen?'
await ledger.append({ ...turn, ...user, action: 'user_message_received', content: said(question) })
const answer = await agent(question)
const by = { actor_id: 'clinic-agent', actor_type: 'agent' } as const
console.log(await ledger.append({ ...turn, ...by, action: 'agent_response_generated', content: said(answer) }))

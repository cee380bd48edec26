// An existing agent, audited. Run it: node --conditions=affidavit-source examples/first-record.ts
import { openLedger } from 'affidavit'

const agent = async (question: string): Promise<string> => `You asked: ${question}`

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
const turn = { conversation_id: 'visit-1', agent_name: 'clinic' } as const
const question = 'May I take ibuprofen?'
await ledger.append({ ...turn, action: 'user_message_received', actor_id: 'u-17', actor_type: 'user' })
const answer = await agent(question)
const details = { characters: answer.length, digest: ledger.digest(answer) }
const record = await ledger.append({
  ...turn,
  action: 'agent_response_generated',
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  details,
})
console.log(record)

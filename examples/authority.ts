// Who approved what: a grant, an access under it, one without, and an auditor who asks.
// Run it: node --conditions=affidavit-source examples/authority.ts
import { openLedger } from 'affidavit'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
const agent = { actor_id: 'clinic-agent', actor_type: 'agent', agent_name: 'clinic-agent' } as const
const turn = { ...agent, conversation_id: 'visit-1', on_behalf_of: 'nurse-7' } as const
await ledger.append({
  action: 'access_granted',
  actor_id: 'dr-lee',
  actor_type: 'user',
  agent_name: 'clinic-agent',
  resource_type: 'patient_record',
  grant_id: 'G-1',
  details: { access: ['read'], valid_from: '2026-01-01T00:00:00.000Z', valid_until: '2099-01-01T00:00:00.000Z' },
})
const chart = { resource_type: 'patient_record', resource_id: 'P-104' }
const { id: question } = await ledger.append({
  ...turn,
  action: 'user_message_received',
  actor_id: 'nurse-7',
  actor_type: 'user',
})
await ledger.append({ ...turn, ...chart, action: 'data_accessed', outcome: 'success', parent_id: question })
await ledger.append({ ...turn, ...chart, action: 'data_modified', outcome: 'success', parent_id: question })
const answer = await ledger.append({ ...turn, action: 'agent_response_generated', parent_id: question })

const auditor = ledger.as({ actor_id: 'kim', purpose: 'access review' })
for (const { record, authority } of (await auditor.lineage(answer.id)).steps) {
  console.log(record.seq, record.action, authority === undefined ? '' : JSON.stringify(authority))
}
const { grants, findings } = await auditor.grants({ resource_type: 'patient_record' })
console.log(grants.map(({ name, state, accesses }) => `${name}: ${state}, accesses: ${accesses}`))
console.log(findings.listed.map(({ seq, action }) => `${action} at seq ${seq} was not granted`))

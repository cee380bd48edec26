// A legal hold: it binds what there is and what comes, and nothing that it binds can be erased.
// Run it: node --conditions=affidavit-source examples/hold.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type Draft, openLedger } from 'affidavit'

const folder = process.argv[2] ?? './audit'
const origin = 'clinic.example/agents'
await (await openLedger(folder, { origin })).close()
writeFileSync(
  join(folder, 'access.yaml'),
  'affidavit_access: 1\nrevision: 2026-11-22\npeople:\n  sam: { roles: [records_officer] }\neverybody_else: [reader]\n',
)

await using ledger = await openLedger(folder)
const said = (body: string): Draft => ({
  action: 'agent_response_generated',
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  subject_ids: ['PT-20417'],
  content: [{ name: 'message', media_type: 'text/plain', body }],
})
await ledger.append(said('Please come in today.'))

const sam = { actor_id: 'sam' }
const { hold_id, records } = await ledger.holding(sam).place({
  matter: 'Docket 24-117',
  custodian: 'general counsel',
  reason: 'complaint served',
  subject_id: 'PT-20417',
})
console.log(hold_id, 'binds', records)

await ledger.append(said('Please come in tomorrow.'))
for (const hold of (await ledger.as(sam).holds()).holds) console.log(hold.matter, hold.state, hold.records)

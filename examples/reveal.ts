// What was said, word for word, for a role that may and with a reason; and who has read it since.
// Run it: node --conditions=affidavit-source examples/reveal.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { openLedger, wholeBody } from 'affidavit'

const folder = process.argv[2] ?? './audit'
const origin = 'clinic.example/agents'
await (await openLedger(folder, { origin })).close()
writeFileSync(
  join(folder, 'access.yaml'),
  'affidavit_access: 1\nrevision: 2026-11-21\npeople:\n  dr.lee: { roles: [privacy_officer] }\neverybody_else: [reader]\n',
)

await using ledger = await openLedger(folder)
await ledger.append({
  action: 'agent_response_generated',
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  conversation_id: 'visit-1',
  subject_ids: ['PT-20417'],
  content: [{ name: 'message', media_type: 'text/plain', body: 'Please come in today.' }],
})

const lee = ledger.as({ actor_id: 'dr.lee' })
for (const { contents } of await lee.reveal({ conversation_id: 'visit-1' }, { reason: 'complaint 17' })) {
  for (const content of contents) {
    if (content.state === 'opened') console.log(Buffer.from(await wholeBody(content.body)).toString())
  }
}
for (const { reader, operation, reason } of await lee.readers({ subject_id: 'PT-20417' })) {
  console.log(reader, operation, reason)
}

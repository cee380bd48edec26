// Archiving from an application: what is published is kept in write-once storage, sealed and signed, and read from there once it left the database.
// Run it: node --conditions=affidavit-source examples/archive.ts
import { mkdirSync } from 'node:fs'

import { openLedger } from 'affidavit'

const folder = process.argv[2] ?? './audit'
// The locks of a bucket with Object Lock can be proven, and records may leave the database; no lock of a folder can. With credentials, an endpoint or a client
// of your own: s3Store of affidavit/s3 makes what stands here by its URL.
const bucket = process.env.AUDIT_BUCKET
const archive = bucket === undefined ? `${folder}-archive` : `s3://${bucket}/ledger`
if (bucket === undefined) mkdirSync(archive, { recursive: true })
await using ledger = await openLedger(folder, { origin: 'clinic.example/agents', archive })
const agent = { actor_id: 'clinic-agent', actor_type: 'agent' } as const
await ledger.append({
  ...agent,
  action: 'tool_invoked',
  retention_class: 'health_record',
  compliance_domains: ['hipaa'],
})

const archiving = ledger.archiving({ actor_id: 'archivist', actor_type: 'system' })
for await (const { retention_class, due_month, runs } of archiving.run()) console.log(retention_class, due_month, runs)
const { archived, waiting, lock } = await archiving.status()
console.log({ archived, waiting, lock })

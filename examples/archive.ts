// Archiving from an application: what is published is kept in write-once storage, sealed and signed, and read from there once it left the database.
// Run it: node --conditions=affidavit-source examples/archive.ts
import { mkdirSync } from 'node:fs'

import { openLedger } from 'affidavit'

const folder = process.argv[2] ?? './audit'
// A bucket by its URL, or s3Store({ bucket }) of affidavit/s3: then locks can be proven, and records may leave the database. No lock of a folder can.
const archive = `${folder}-archive`
mkdirSync(archive, { recursive: true })
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

// A detector of your own: names that your systems know are masked in metadata, and content that holds one is personal data.
// Run it: node --conditions=affidavit-source examples/known-names.ts
import { knownIdentifiers, openLedger } from 'affidavit'

const names = knownIdentifiers('clinic patients', 'person_name', ['Eleanor Vance', 'Luke Sanderson'])

await using ledger = await openLedger(process.argv[2] ?? './audit', {
  origin: 'clinic.example/agents',
  detectors: [names],
})
const { id } = await ledger.append({
  action: 'user_message_received',
  actor_id: 'u-17',
  actor_type: 'user',
  data_classification: 'internal',
  details: { subject_line: 'Call back Eleanor Vance' },
  content: [{ name: 'message', media_type: 'text/plain', body: 'Luke Sanderson asked for you as well.' }],
})
for await (const record of ledger.as({ actor_id: 'dr.lee' }).search({ id })) {
  console.log(record.details?.subject_line, record.data_classification, record.compliance_domains)
}

// How long records are kept: a set of one's own, what becomes of every record in some years, and the story of one.
// Run it: node --conditions=affidavit-source examples/retention.ts
import { openLedger, parseRetentionSet } from 'affidavit'

// As retention.yaml in the folder of the ledger, which is read by itself.
const text = `
version: 1
revision: 2026-11
time_zone: America/New_York
policies:
  - id: clinic.accounts
    title: Accounts of patients
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 7, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`
const retention = parseRetentionSet(text, 'yaml', 'retention.yaml')
await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents', retention })
const agent = { actor_id: 'clinic-agent', actor_type: 'agent' } as const
const chart = { resource_type: 'patient_record', resource_id: 'P-104' }
await ledger.append({ ...agent, ...chart, action: 'data_accessed', compliance_domains: ['hipaa'] })
const { id } = await ledger.append({ ...agent, action: 'tool_invoked', retention_class: 'accounts' })
await ledger.append({ ...agent, action: 'tool_invoked' })

const officer = ledger.as({ actor_id: 'ana', purpose: 'yearly review' })
const plan = await officer.retentionPlan(retention, { at: Date.parse('2035-01-01T05:00:00.000Z') })
for (const [state, { count }] of Object.entries(plan.states)) console.log(`${state}: ${count}`)

// The account is closed: from that day on seven years count.
await ledger.append({
  action: 'retention_anchor_recorded',
  actor_id: 'ana',
  actor_type: 'user',
  parent_id: id,
  details: { anchor: 'account_closed', day: '2024-02-29', reason: 'closed by the patient' },
})
const { disposition, applied } = await officer.retentionStory(retention, id)
console.log(
  disposition,
  applied.map(({ id: policy }) => policy),
)

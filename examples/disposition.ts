// From a hold to a certificate: what is due is planned by one person, approved by another, destroyed, and proven to whoever asks.
// Run it: node --conditions=affidavit-source examples/disposition.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { approve, type Draft, makeApproverKey, openLedger, readApprovable } from 'affidavit'
import { judgePapers, parseVerifierKey, type VerifierKey } from 'affidavit/verify'

const folder = process.argv[2] ?? './audit'
await (await openLedger(folder, { origin: 'clinic.example/agents' })).close()

// kim makes it at a desk of their own, and gives away the public line alone.
const kim = makeApproverKey('approver/kim')
const people = {
  lee: { roles: ['records_officer', 'auditor'] },
  kim: { roles: ['records_approver'], approval_key: kim.approval_key },
}
writeFileSync(join(folder, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '2026-11', people }))
// In production with time_source: https://…, which is asked before anything is destroyed.
writeFileSync(
  join(folder, 'retention.yaml'),
  `
version: 1
revision: 2026-11
policies:
  - id: clinic.accounts
    title: Accounts of patients
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`,
)
const timeSource = { where: 'this example', read: async () => ({ at: Date.now(), uncertainty_millis: 500 }) }
await using ledger = await openLedger(folder, { timeSource })

const noted = (conversation_id: string): Draft => ({
  action: 'agent_response_generated',
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  retention_class: 'accounts',
  conversation_id,
  content: [{ name: 'message', media_type: 'text/plain', body: 'Your account is settled.' }],
})
for (const account of ['account-1', 'account-2']) {
  await ledger.append(noted(account))
  await ledger.append({
    action: 'retention_anchor_recorded',
    actor_id: 'lee',
    actor_type: 'user',
    conversation_id: account,
    details: { anchor: 'account_closed', day: '2020-02-29', reason: 'closed by the patient' },
  })
}

const lee = { actor_id: 'lee', purpose: 'yearly disposition' }
const hold = await ledger.holding(lee).place({
  matter: 'Docket 24-117',
  custodian: 'general counsel',
  reason: 'complaint served',
  conversation_id: 'account-2',
})
const { states } = await ledger.as(lee).retentionPlan(ledger.retention)
console.log('due:', states.due?.count, 'held:', states.held?.count)

// The plan and its manifest are files that go to kim, who reads what they say and signs.
const { plan, manifest, plan_sha256 } = await ledger.disposing(lee).plan({ retention_policy: 'clinic.accounts' })
const asked = readApprovable(plan)
console.log(asked.kind, 'of', asked.made_by, 'needs a', asked.role)
const approval = approve(plan, { person: 'kim', key: kim.secret, at: Date.now() })

const done = await ledger.disposing(lee).run({ plan, manifest, approval })
console.log(done.standing.state)

// Whoever has the papers and both public keys needs no ledger.
const papers = await ledger.disposing(lee).papers(plan_sha256)
const judged = judgePapers(papers, [pinned(await ledger.verifierKey())], [pinned(kim.approval_key)])
if (judged.state === 'holds') console.log(judged.certificate.records, 'destroyed;', judged.authority)

// What was held is there. Once the matter is over, kim lets it go too; nothing is destroyed by that.
const { release } = await ledger.holding(lee).planRelease(hold.hold_id, 'settled')
const leave = approve(release, { person: 'kim', key: kim.secret, at: Date.now() })
console.log('released at seq', (await ledger.holding(lee).release({ release, approval: leave })).seq)

function pinned(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if ('code' in key) throw new Error(key.code)
  return key
}

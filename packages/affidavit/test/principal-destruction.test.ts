// Holds, dispositions and erasures by who signed in: what the code for people named in a policy does for a principal, too.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { API_ROLES, type ApiRole } from '../src/access/api-roles.ts'
import { type Principal, policyFor } from '../src/access/principal.ts'
import { readAccess } from '../src/embedded/access.ts'
import { approve } from '../src/embedded/approve.ts'
import { makeApproverKey } from '../src/embedded/approver-key.ts'
import { createLedgerDispositions } from '../src/embedded/disposing.ts'
import { createLedgerErasures } from '../src/embedded/erasing.ts'
import { createLedgerHolds } from '../src/embedded/holds.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-principal-'))
const kim = makeApproverKey('approver/kim')
const { origin } = await initLedger(home, { origin: 'principal.example/agents' })
const people = { kim: { roles: ['records_approver', 'erasure_approver'], approval_key: kim.approval_key } }
writeFileSync(join(home, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '1', people }))
writeFileSync(
  join(home, 'retention.yaml'),
  `version: 1
revision: 2026-11
policies:
  - id: clinic.notes
    title: Notes
    applies_to: [{ retention_classes: [notes] }]
    minimum: { value: 1, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`,
)
const timeSource = { where: 'https://time.example', read: async () => ({ at: Date.now(), uncertainty_millis: 500 }) }
const ledger = await openFolder(home, { timeSource })
after(async () => {
  await ledger.close()
  rmSync(home, { recursive: true, force: true })
})

const signed = (paper: Uint8Array): string => approve(paper, { person: 'kim', key: kim.secret, at: Date.now() })

/** What somebody can do who signed in with a key of this role. */
function asKeyOf(role: ApiRole, actor_id: string) {
  const principal: Principal = {
    ...{ ledger: origin, actor_id, actor_type: 'user', credential_id: '0123456789ab' },
    roles: API_ROLES[role],
  }
  const policy = policyFor(readAccess(home), principal)
  const judged: Pick<typeof ledger, 'as' | 'holding'> = {
    as: (reader) => ledger.as(reader, { policy }),
    holding: (by) => ledger.holding(by, { policy }),
  }
  const by = { actor_id }
  const { dispositions, erasures } = ledger
  return {
    holds: createLedgerHolds(judged, by),
    dispositions: createLedgerDispositions({ ...judged, dispositions }, { home, access: policy }, by),
    erasures: createLedgerErasures({ ...judged, erasures }, { home, access: policy }, by),
  }
}

await ledger.append({
  ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', retention_class: 'notes' },
  ...{ conversation_id: 'closed', subject_ids: ['PT-1'] },
  content: [{ name: 'message', media_type: 'text/plain', body: 'Your account is settled.' }],
})
await ledger.append({
  ...{ action: 'retention_anchor_recorded', actor_id: 'lee', actor_type: 'user', conversation_id: 'closed' },
  details: { anchor: 'account_closed', day: '2020-02-29', reason: 'closed by the patient' },
})
const hold = { matter: 'Docket 24-117', custodian: 'general counsel', reason: 'served', conversation_id: 'closed' }
const erasure = {
  subjects: ['PT-1'],
  conversations: [],
  basis: 'gdpr_17',
  reason: 'request 26-117',
  copies: [],
} as const

test('a key of the records role holds, releases and destroys as somebody of the policy approves', async () => {
  const { holds, dispositions } = asKeyOf('records', 'key:0123456789ab')
  const { hold_id } = await holds.place(hold)
  await assert.rejects(dispositions.plan(), /held: 1/)
  const { release } = await holds.planRelease(hold_id, 'settled')
  await holds.release({ release, approval: signed(release) })
  const { plan, manifest, says } = await dispositions.plan()
  assert.equal(says.made_by, 'key:0123456789ab')
  const done = await dispositions.run({ plan, manifest, approval: signed(plan) })
  assert.deepEqual([done.state, done.standing.state], ['done', 'disposed'])
})

const isRefused = (error: unknown): boolean =>
  error instanceof LedgerError && ['not-allowed', 'invalid-query'].includes(error.code)

for (const role of ['writer', 'reader', 'auditor', 'admin', 'privacy'] as const) {
  test(`a key of the role ${role} holds and destroys nothing`, async () => {
    const { holds, dispositions } = asKeyOf(role, 'key:0123456789ab')
    const { size } = await ledger.health()
    await assert.rejects(holds.place(hold), isRefused)
    await assert.rejects(dispositions.plan(), isRefused)
    assert.equal((await ledger.health()).size, size)
  })
}

for (const role of ['writer', 'reader', 'auditor', 'admin', 'records'] as const) {
  test(`a key of the role ${role} erases nothing, and a name of the policy does not help it`, async () => {
    const { size } = await ledger.health()
    for (const actor of ['key:0123456789ab', 'kim'])
      await assert.rejects(asKeyOf(role, actor).erasures.plan({ ...erasure, subjects: ['PT-2'] }), isRefused)
    assert.equal((await ledger.health()).size, size)
  })
}

test('nobody approves what they planned, by whatever they signed in', async () => {
  await ledger.append({
    ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' },
    ...{ conversation_id: 'open', subject_ids: ['PT-3'], retention_class: 'scratch' },
    content: [{ name: 'message', media_type: 'text/plain', body: 'Hello.' }],
  })
  const { plan } = await asKeyOf('privacy', 'kim').erasures.plan({ ...erasure, subjects: ['PT-3'] })
  assert.throws(() => signed(plan), /made this plan yourself/)
})

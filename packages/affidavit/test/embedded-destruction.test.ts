// Holds, dispositions and erasures from a program: what affidavit hold, dispose, approve and erase do, by the package alone.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import {
  approve,
  builtInSet,
  type Draft,
  type Ledger,
  LedgerError,
  makeApproverKey,
  openLedger,
  readApprovable,
  retentionDue,
} from '../src/index.ts'
import { judgePapers, parseVerifierKey, type VerifierKey } from '../src/verify.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-embedded-destruction-'))
after(() => rmSync(home, { recursive: true, force: true }))

const kim = makeApproverKey('approver/kim')
const people = {
  lee: { roles: ['records_officer', 'privacy_officer'] },
  kim: { roles: ['records_approver', 'erasure_approver'], approval_key: kim.approval_key },
}
const RETENTION = `version: 1
revision: 2026-11
policies:
  - id: clinic.accounts
    title: Accounts
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 5, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
`
const timeSource = { where: 'https://time.example', read: async () => ({ at: Date.now(), uncertainty_millis: 500 }) }
const lee = { actor_id: 'lee' }
const signed = (paper: Uint8Array, more: object = {}): string =>
  approve(paper, { person: 'kim', key: kim.secret, at: Date.now(), ...more })

const noted = (conversation_id: string, body: string): Draft => ({
  ...{ action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent', retention_class: 'accounts' },
  ...{ conversation_id, subject_ids: ['PT-20417'], content: [{ name: 'message', media_type: 'text/plain', body }] },
})

let ledgers = 0
/** A record about an account that was closed long ago, and one about an account that is open. */
async function newClinic(): Promise<Ledger> {
  const folder = join(home, String(ledgers++))
  await (await openLedger(folder, { origin: 'clinic.example/agents' })).close()
  writeFileSync(join(folder, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '1', people }))
  writeFileSync(join(folder, 'retention.yaml'), RETENTION)
  const ledger = await openLedger(folder, { timeSource })
  await ledger.append(noted('closed', 'Your account is settled.'))
  await ledger.append(noted('open', 'You owe nothing.'))
  await ledger.append({
    ...{ action: 'retention_anchor_recorded', actor_id: 'lee', actor_type: 'user', conversation_id: 'closed' },
    details: { anchor: 'account_closed', day: '2020-02-29', reason: 'closed by the patient' },
  })
  return ledger
}

function pinned(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  assert.ok(!('code' in key))
  return key
}

/** The path and the problem of a refusal. */
async function refused(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, 'invalid-query')
    return `${error.path} | ${error.problem}`
  }
  return assert.fail('it was done')
}

async function views(ledger: Ledger): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const { details } of ledger.as(lee).search({ action: 'records_viewed' }))
    found.push([details?.operation, details?.results])
  return found
}

test('what is due is planned, approved by somebody else, destroyed, and proven without its ledger', async () => {
  await using ledger = await newClinic()
  const { plan, manifest, plan_sha256, says } = await ledger.disposing(lee).plan()
  assert.equal(says.records, 1)
  const asked = readApprovable(plan)
  assert.deepEqual([asked.kind, asked.plan_sha256, asked.made_by], ['disposition', plan_sha256, 'lee'])
  const which = { from_seq: says.first_seq, until_seq: says.first_seq + 1 }
  await ledger.as(lee).show(says.first_seq)
  const done = await ledger.disposing(lee).run({ plan, manifest, approval: signed(plan) })
  assert.deepEqual([done.state, done.standing.state], ['done', 'disposed'])
  assert.equal((await ledger.disposing(lee).status()).length, 1)
  const papers = await ledger.disposing(lee).papers(plan_sha256)
  const judged = judgePapers(papers, [pinned(await ledger.verifierKey())], [pinned(kim.approval_key)])
  assert.ok(judged.state === 'holds', JSON.stringify(judged))
  assert.equal(judged.authority.state, 'approved')
  await assert.rejects(ledger.as(lee).show(says.first_seq), /was destroyed under the disposition/)

  // Of the plan the listed record, and samples of what stays.
  assert.deepEqual(await views(ledger), [
    ['dispose plan', 1 + says.stays.flatMap(({ sample }) => sample).length],
    ['show', 1],
    ['dispose status', 1],
    ['certificate', 1],
    ['show', 0],
  ])
  // Whoever saw it while it was there is found.
  const readers = await ledger.as(lee).readers(which)
  assert.deepEqual(
    readers.map(({ operation }) => operation),
    ['dispose plan', 'show', 'certificate'],
  )
})

test('whose content goes is planned, approved by somebody else, and gone', async () => {
  await using ledger = await newClinic()
  const asked = { subjects: ['PT-20417'], conversations: [], basis: 'gdpr_17', reason: 'request 26-117', copies: [] }
  const { plan, plan_sha256, says } = await ledger.erasing(lee).plan(asked)
  // Both are kept: nobody signs it but to refuse it.
  assert.match(await refused(() => signed(plan)), /^paper \| .*must stay readable/)
  assert.match(signed(plan, { decision: 'refuse' }), /\nrefuse\n/)
  assert.equal(says.refused_count, 1)
  assert.deepEqual(await views(ledger), [
    ['erase plan', new Set([...says.sample, ...says.refused.map((one) => one.seq)]).size],
  ])
  await assert.rejects(ledger.erasing(lee).papers(plan_sha256), { code: 'not-found' })
})

test('a hold binds, and is released as somebody else approved', async () => {
  await using ledger = await newClinic()
  const why = { matter: 'Docket 24-117', custodian: 'general counsel', reason: 'complaint served' }
  const { hold_id } = await ledger.holding(lee).place({ ...why, conversation_id: 'closed' })
  assert.match(await refused(() => ledger.disposing(lee).plan()), /nothing-is-due.*held: 1/)
  const { release } = await ledger.holding(lee).planRelease(hold_id, 'settled')
  assert.equal(readApprovable(release).kind, 'hold release')
  await ledger.holding(lee).release({ release, approval: signed(release) })
  assert.equal((await ledger.disposing(lee).plan()).says.records, 1)
})

describe('not signed, and not carried out:', () => {
  let ledger: Ledger
  let papers: Awaited<ReturnType<ReturnType<Ledger['disposing']>['plan']>>
  before(async () => {
    ledger = await newClinic()
    papers = await ledger.disposing(lee).plan()
  })
  after(() => ledger.close())

  const edited = (from: RegExp, to: string): Uint8Array =>
    Buffer.from(Buffer.from(papers.plan).toString().replace(from, to))

  const WRONG: Readonly<Record<string, readonly [work: () => unknown, says: RegExp]>> = {
    'a plan of one’s own': [() => signed(papers.plan, { person: 'lee' }), /^person \| .*made this plan yourself/],
    'with a key that is none': [() => signed(papers.plan, { key: 'kim' }), /^key \| .*no approver key/],
    'before it was made': [() => signed(papers.plan, { at: 0 }), /^at \| .*this clock says 1970/],
    'what is no paper': [() => signed(Buffer.from('{}')), /^paper \| .*nothing that can be approved/],
    'a plan with a member that it cannot have': [
      () => signed(edited(/"records":1,"stays"/, '"records":"all","stays"')),
      /^paper \| .*paper-member: records is no/,
    ],
    'a plan that contradicts itself': [
      () => signed(edited(/"records":1,"stays"/, '"records":0,"stays"')),
      /^paper \| .*paper-contradiction: nothing is to be destroyed/,
    ],
    'a plan that was written anew': [
      () => ledger.disposing(lee).run({ ...papers, plan: edited(/:/, ': '), approval: signed(papers.plan) }),
      /^paper \| .*written anew/,
    ],
    'a plan of more than its manifest lists': [
      () => {
        const plan = edited(/"last_seq":\d+/, `"last_seq":${papers.says.last_seq + 1}`)
        return ledger.disposing(lee).run({ ...papers, plan, approval: signed(plan) })
      },
      /last_seq is \d+ in the plan, and \d+ by the manifest/,
    ],
    'a plan that was changed since it was signed': [
      () => {
        const plan = edited(/"delay_days":0/, '"delay_days":7')
        return ledger.disposing(lee).run({ ...papers, plan, approval: signed(papers.plan) })
      },
      /approval-of-another-text/,
    ],
  }
  for (const [name, [work, says]] of Object.entries(WRONG)) {
    test(name, async () => {
      assert.match(await refused(work), says)
      assert.deepEqual(await ledger.disposing(lee).status(), [])
    })
  }
})

test('until when a policy keeps is told without a ledger, and what is no day, policy or zone is named', async () => {
  const set = builtInSet()
  const due = (more: object): object => retentionDue(set, { policy: 'hipaa', anchor: '2024-02-29', ...more })
  assert.deepEqual(due({ zone: 'America/New_York' }), { min_until: '2030-03-02T05:00:00.000Z', max_until: null })
  for (const [more, path] of [
    [{ policy: 'hippa' }, /^policy \|/],
    [{ anchor: '2026-02-29' }, /^anchor \|/],
    [{ zone: 'Mars' }, /^zone \|/],
  ] as const)
    assert.match(await refused(() => due(more)), path)
})

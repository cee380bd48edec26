// The papers of an erasure, when somebody links them to a person who is erased later (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { ADA, approve, BEN, eraseAll, makeErasureClinic, open, planFor, verified } from './erasure-clinic.ts'
import { linkTo } from './linked-clinic.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-erasure-papers-'))
after(() => rmSync(home, { recursive: true, force: true }))

test('the papers of an erasure are lost by no link: it is finished when its copies were reached', async () => {
  const clinic = await makeErasureClinic(join(home, 'clinic'))
  const tape = { kind: 'backup', where: 'tape 7' } as const
  await using ledger = await open(clinic)
  const request = { subjects: [BEN], conversations: [], basis: 'gdpr_17', reason: 'request 2026-118', person: 'dr.lee' }
  const { policy } = clinic
  const plan = await ledger.erasures.plan({ ...request, policy, copies: [{ ...tape, state: 'known' }] })
  const order = { plan, approval: approve(clinic, plan), policy, person: 'dr.lee' }
  const { standing } = await ledger.erasures.carryOut(order)
  const before = await planFor(ledger, clinic, [ADA])

  await linkTo(ledger, standing.decision_seq, [ADA])
  await linkTo(ledger, standing.outcome_seq ?? assert.fail('has no outcome'), [ADA], ['copies'])
  const { payloads, wrapped_anew } = await planFor(ledger, clinic, [ADA])
  assert.deepEqual([payloads, wrapped_anew], [before.payloads, 0])
  await eraseAll(ledger, clinic, [ADA])
  assert.equal((await ledger.erasures.carryOut(order)).standing.state, 'erasing')
  const [bens] = await ledger.erasures.tellCopies([{ ...tape, state: 'reached' }])
  assert.deepEqual([bens?.plan_sha256, bens?.state], [standing.plan_sha256, 'erased'])
  // They still open, and verification does not expect otherwise.
  await ledger.publish()
  const { status, findings } = await verified(clinic)
  assert.deepEqual([status, findings], ['valid', []])
})

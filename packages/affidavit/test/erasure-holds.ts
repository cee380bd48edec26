// An erasure asks for holds and for retention periods, at planning and in the step that decides (spec/holds.md §3, spec/erasure.md §2).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import { formatTimestamp } from '../src/clock/clock.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import type { ErasurePlan } from '../src/erasure/plan.ts'
import type { Draft } from '../src/formats/fields.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import type { HoldRequest } from '../src/ledger/hold.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { LedgerStore } from '../src/ledger/store.ts'
import { signApproval } from '../src/papers/approval.ts'
import { holdReleaseDigest } from '../src/papers/hold-release.ts'
import type { Backend } from './backend.ts'
import {
  ADA,
  AGENT,
  approve,
  BEN,
  clinicToCopy,
  type ErasureClinic,
  eraseAll,
  open,
  planFor,
  QUIET,
  STORY,
  said,
  saidContents,
} from './erasure-clinic.ts'

const jo = generateSignerKey('approver/jo', 'ed25519')
const OFFICERS = parseAccessPolicy(
  JSON.stringify({
    affidavit_access: 1,
    revision: 'holds',
    people: {
      sam: { roles: ['records_officer'] },
      jo: { roles: ['records_approver'], approval_key: formatVerifierKey(jo.verifierKey) },
    },
  }),
  'json',
  'access.json',
)

/** Another writer of the same ledger, whom its policy lets place holds. */
function openOffice(clinic: ErasureClinic): Promise<Ledger> {
  return openFolder(clinic.folder, { publish: QUIET, access: OFFICERS })
}

async function hold(clinic: ErasureClinic, query: Partial<HoldRequest>): Promise<string> {
  await using office = await openOffice(clinic)
  return await placeIn(office, query)
}

async function placeIn(office: Ledger, query: Partial<HoldRequest>): Promise<string> {
  const why = { matter: 'Okafor v. Clinic', reason: 'complaint served', custodian: 'general counsel' }
  return (await office.holding({ actor_id: 'sam' }).place({ ...why, ...query })).hold_id
}

async function release(clinic: ErasureClinic, hold_id: string): Promise<void> {
  await using office = await openOffice(clinic)
  const sam = office.holding({ actor_id: 'sam' })
  const paper = await sam.planRelease(hold_id, 'settled')
  const approval = {
    ledger: paper.ledger,
    plan_id: hold_id,
    plan_sha256: holdReleaseDigest(paper),
    approver: 'jo',
    approved_at: formatTimestamp(Date.now()),
    decision: 'approve',
  } as const
  await sam.release({ release: paper, approval: Buffer.from(signApproval('hold release', approval, jo)) })
}

function whyOf(plan: ErasurePlan): readonly unknown[] {
  return plan.refused.map(({ seq, because, holds, policies, earliest }) => [seq, because, holds, policies, earliest])
}

function orderOf(clinic: ErasureClinic, plan: ErasurePlan): Parameters<Ledger['erasures']['carryOut']>[0] {
  return { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
}

const REFUSED = { code: 'invalid-query', path: 'plan-is-refused' } as const

export function testErasureHolds(backend: Backend): void {
  const { copied } = clinicToCopy('erasure-holds', STORY, backend)

  test('what a hold binds is not planned to be erased, content or not, and is when the last hold is released', async () => {
    const clinic = await copied()
    const first = await hold(clinic, { subject_id: ADA })
    const second = await hold(clinic, { conversation_id: 'c-1' })
    const before = await saidContents(clinic)
    {
      await using ledger = await open(clinic)
      const plan = await planFor(ledger, clinic)
      const both = [first, second].sort()
      assert.deepEqual(whyOf(plan).slice(0, 4), [
        [1, 'hold', both, [], 'open'],
        [3, 'hold', [first], [], 'open'],
        [4, 'hold', [first], [], 'open'],
        [7, 'hold', [first], [], 'open'],
      ])
      await assert.rejects(ledger.erasures.carryOut(orderOf(clinic, plan)), { path: 'plan-is-refused' })
    }
    await release(clinic, first)
    {
      await using ledger = await open(clinic)
      assert.deepEqual(whyOf(await planFor(ledger, clinic)), [[1, 'hold', [second], [], 'open']])
    }
    await release(clinic, second)
    // Nothing was destroyed by that.
    assert.deepEqual(await saidContents(clinic), before)
    await using ledger = await open(clinic)
    await eraseAll(ledger, clinic)
    assert.equal((await saidContents(clinic))['1 message'], 'gone')
  })

  test('no link takes away by whose leave a hold was released', async () => {
    const clinic = await copied()
    await release(clinic, await hold(clinic, { conversation_id: 'c-2' }))
    await using ledger = await open(clinic)
    const released = await ledger.search({ action: 'hold_released' }).next()
    const { id: parent_id, details: told } = released.value ?? assert.fail()
    const who = { actor_id: 'registrar', actor_type: 'user' } as const
    const details = { reason: 'it names her' }
    await ledger.append({ ...who, action: 'content_linked', parent_id, subject_ids: [ADA], details })
    await eraseAll(ledger, clinic)
    assert.equal((await saidContents(clinic))['1 message'], 'gone')
    const after = await ledger.search({ action: 'hold_released' }).next()
    assert.deepEqual(after.value?.details, told)
    assert.match(String(told?.release), /hold-release/)
  })

  test('a hold on what links say is hers binds it too', async () => {
    const clinic = await copied()
    await hold(clinic, { subject_id: BEN })
    await using ledger = await open(clinic)
    const link: Draft = { action: 'subject_linked', actor_id: 'registrar', actor_type: 'user', subject_ids: [ADA, BEN] }
    await ledger.append({ ...link, details: { reason: 'one person' } })
    assert.ok((await planFor(ledger, clinic)).refused.some(({ seq }) => seq === 1))
  })

  describe('not carried out, and nothing is changed:', () => {
    test('a hold that was placed since the plan', async () => {
      const clinic = await copied()
      await using ledger = await open(clinic)
      const plan = await planFor(ledger, clinic)
      const before = await saidContents(clinic)
      await hold(clinic, { conversation_id: 'c-1' })
      await assert.rejects(ledger.erasures.carryOut(orderOf(clinic, plan)), REFUSED)
      assert.deepEqual([await ledger.erasures.standing(), await saidContents(clinic)], [[], before])
    })

    const MEANWHILE: Readonly<Record<string, (clinic: ErasureClinic) => Promise<unknown>>> = {
      'a hold that another process placed while the decision was on its way': (clinic) =>
        hold(clinic, { conversation_id: 'c-1' }),
      'a rule that was found to apply while the decision was on its way': async (clinic) => {
        await using other = await open(clinic)
        const { id } = (await other.at(1)) ?? assert.fail()
        const words = { reason: 'a diagnosis', data_classification: 'restricted', compliance_domains: ['hipaa'] }
        const who = { actor_id: 'registrar', actor_type: 'user' } as const
        await other.append({ ...who, action: 'record_reclassified', parent_id: id, details: words })
      },
    }
    for (const [name, happens] of Object.entries(MEANWHILE)) {
      test(name, async () => {
        const clinic = await copied()
        const before = await saidContents(clinic)
        const store = await openStore(placeOf(clinic.folder))
        let times = 0
        const delayed: LedgerStore = {
          ...store,
          async commit(batch) {
            const decides = batch.drafts.some(({ judged_below }) => judged_below !== undefined)
            if (decides && times++ === 0) await happens(clinic)
            return store.commit(batch)
          },
        }
        await using ledger = await openFolder(clinic.folder, { publish: QUIET, store: delayed })
        const plan = await planFor(ledger, clinic)
        await assert.rejects(ledger.erasures.carryOut(orderOf(clinic, plan)), REFUSED)
        assert.equal(times, 1)
        assert.deepEqual([await ledger.erasures.standing(), await saidContents(clinic)], [[], before])
      })
    }
  })

  test('an erasure that is overtaken each time is told so, and changes nothing', async () => {
    const clinic = await copied()
    await using other = await open(clinic)
    const store = await openStore(placeOf(clinic.folder))
    const delayed: LedgerStore = {
      ...store,
      async commit(batch) {
        if (batch.drafts.some(({ judged_below }) => judged_below !== undefined)) {
          const link: Draft = { action: 'subject_linked', actor_id: 'registrar', actor_type: 'user' }
          await other.append({ ...link, subject_ids: ['Yan', 'Zoe'], details: { reason: 'one person' } })
        }
        return store.commit(batch)
      },
    }
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, store: delayed })
    const plan = await planFor(ledger, clinic)
    const erased = ledger.erasures.carryOut(orderOf(clinic, plan))
    await assert.rejects(erased, { code: 'not-committed', message: /others recorded a hold, a late fact/ })
    assert.deepEqual(await ledger.erasures.standing(), [])
  })

  test('of a hold and an erasure at once, the seqs tell which was first, and it holds', async () => {
    for (let round = 0; round < 3; round++) {
      const clinic = await copied()
      await using ledger = await open(clinic)
      await using office = await openOffice(clinic)
      const plan = await planFor(ledger, clinic)
      const [erased, held] = await Promise.allSettled([
        ledger.erasures.carryOut(orderOf(clinic, plan)),
        placeIn(office, { conversation_id: 'c-1' }),
      ])
      assert.equal(held.status, 'fulfilled')
      const placed = (await ledger.get(held.value)) ?? assert.fail()
      const isKept = (await saidContents(clinic))['1 message'] !== 'gone'
      if (erased.status === 'rejected') assert.deepEqual([erased.reason.path, isKept], ['plan-is-refused', true])
      else assert.deepEqual([erased.value.standing.decision_seq < placed.seq, isKept], [true, false])
    }
  })

  test('a hold goes on after a restore, under its id, binds what was before, and can be released there', async () => {
    const clinic = await copied()
    const hold_id = await hold(clinic, { subject_id: ADA })
    const released = await hold(clinic, { conversation_id: 'c-2' })
    await release(clinic, released)
    const { origin, verifierKey } = await continueAfterRestore(clinic.folder)
    const restored = { ...clinic, origin, verifierKey }
    for (const _ of ['once', 'and opened again']) {
      await using ledger = await open(restored)
      await assert.rejects(planFor(ledger, restored), { path: 'earlier-must-stay' })
      const placed: string[] = []
      for await (const { id } of ledger.search({ action: 'hold_placed' })) placed.push(id)
      assert.deepEqual(placed, [hold_id])
    }
    await release(restored, hold_id)
    await using ledger = await open(restored)
    assert.equal((await planFor(ledger, restored)).refused_count, 0)
  })

  describe('how long content is kept', () => {
    const CASES: Readonly<Record<string, readonly [domains: readonly string[], refused: readonly unknown[]]>> = {
      'is what a rule of its domain says': [['hipaa'], ['minimum_retention', ['hipaa', 'hipaa.audit_log']]],
      'is open where an anchor has not come': [
        ['medicare_advantage'],
        ['minimum_retention', ['medicare_advantage.records'], 'open'],
      ],
      'is nothing where a rule gives no minimum': [['gdpr'], []],
      'is nothing where no rule applies': [['house_rules'], []],
    }
    for (const [name, [compliance_domains, refused]] of Object.entries(CASES)) {
      test(name, async () => {
        const clinic = await copied()
        await using ledger = await open(clinic)
        await ledger.append(said('Ada pays.', { subject_ids: [ADA], compliance_domains: [...compliance_domains] }))
        const plan = await planFor(ledger, clinic)
        const told = plan.refused.flatMap(({ because, policies, earliest }) => [because, policies, earliest])
        assert.deepEqual(told.slice(0, refused.length), refused)
        assert.equal(plan.refused_count, refused.length === 0 ? 0 : 1)
      })
    }

    test('ends with the periods that an anchor sets going, and with the classification that was wrong', async () => {
      const clinic = await copied()
      await using ledger = await open(clinic)
      const domains = { subject_ids: [ADA], compliance_domains: ['medicare_advantage'] }
      await ledger.append(said('Ada pays.', { ...domains, conversation_id: 'c-9' }))
      const wrong = await ledger.append(said('Ada pays again.', { ...domains, ...AGENT }))
      const who = { actor_id: 'registrar', actor_type: 'user' } as const
      for (const anchor of ['final_contract_period_end', 'audit_concluded']) {
        assert.equal((await planFor(ledger, clinic)).refused_count, 2)
        const details = { anchor, day: '2010-12-31', reason: 'the contract ended' }
        await ledger.append({ ...who, action: 'retention_anchor_recorded', conversation_id: 'c-9', details })
      }
      assert.deepEqual(
        (await planFor(ledger, clinic)).refused.map(({ seq }) => seq),
        [wrong.seq],
      )
      const details = { reason: 'test data', data_classification: 'internal', compliance_domains: [] }
      await ledger.append({ ...who, action: 'record_reclassified', parent_id: wrong.id, details })
      await eraseAll(ledger, clinic)
      assert.equal((await saidContents(clinic))[`${wrong.seq} message`], 'gone')
    })
  })
}

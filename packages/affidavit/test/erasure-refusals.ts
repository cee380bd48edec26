// What in the records keeps an erasure from being carried out, and that it changes nothing (spec/erasure.md §3, §6).

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { continueAfterRestore } from '../src/embedded/init.ts'
import type { ErasurePlan } from '../src/erasure/plan.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { ErasureOrder } from '../src/ledger/judge-erasure.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Backend } from './backend.ts'
import {
  ADA,
  AGENT,
  approve,
  BEN,
  clinicToCopy,
  type ErasureClinic,
  open,
  planFor,
  STORY,
  said,
  saidContents,
  tokenOf,
} from './erasure-clinic.ts'

/** What is there: records, keys, what opens. */
async function stateOf(clinic: ErasureClinic, ledger: Ledger): Promise<unknown> {
  const kek = join(clinic.folder, 'keys', 'kek')
  return {
    size: (await ledger.health()).size,
    contents: await saidContents(clinic),
    keys: readdirSync(kek).map((name) => [name, readFileSync(join(kek, name), 'utf8')]),
  }
}

type Make = (given: {
  readonly clinic: ErasureClinic
  readonly ledger: Ledger
  readonly plan: ErasurePlan
}) => Promise<Partial<ErasureOrder>> | Partial<ErasureOrder>

export type Refused = Readonly<Record<string, readonly [code: string, make: Make]>>

const OF_RECORDS: Refused = {
  'a plan that hides what others lose': [
    'plan-differs',
    ({ clinic, plan }) => {
      const lie = { ...plan, shared: [], shared_count: 0 }
      return { plan: lie, approval: approve(clinic, lie) }
    },
  ],
  'a plan that counts less than there is': [
    'plan-differs',
    ({ clinic, plan }) => {
      const lie = { ...plan, bytes: plan.bytes - 1 }
      return { plan: lie, approval: approve(clinic, lie) }
    },
  ],
  'a plan of records that are not there': [
    'plan-differs',
    ({ clinic, plan }) => {
      const lie = { ...plan, as_of_seq: 1_000 }
      return { plan: lie, approval: approve(clinic, lie) }
    },
  ],
  'a record under a compliance domain, in the plan': [
    'plan-is-refused',
    async ({ clinic, ledger }) => {
      await ledger.append(said('Ada pays.', { subject_ids: [ADA], compliance_domains: ['hipaa'] }))
      const plan = await planFor(ledger, clinic)
      const years = plan.made_at.replace(/^\d+/, (year) => String(Number(year) + 6)).slice(0, 10)
      const [kept, ...more] = plan.refused
      assert.deepEqual(more, [])
      assert.ok(kept !== undefined && kept.earliest > years, kept?.earliest)
      assert.deepEqual(
        { ...kept, earliest: '' },
        {
          seq: 8,
          because: 'minimum_retention',
          compliance_domains: ['hipaa'],
          holds: [],
          policies: ['hipaa', 'hipaa.audit_log'],
          earliest: '',
        },
      )
      return { plan, approval: approve(clinic, plan) }
    },
  ],
  'a record under a compliance domain, since the plan': [
    'plan-is-refused',
    async ({ ledger }) => {
      await ledger.append(said('Ada pays.', { subject_ids: [ADA], compliance_domains: ['hipaa'] }))
      return {}
    },
  ],
  'a record that was put under a compliance domain later': [
    'plan-is-refused',
    async ({ ledger }) => {
      const { id } = (await ledger.at(1)) ?? assert.fail('no record')
      await ledger.append({
        action: 'record_reclassified',
        actor_id: 'registrar',
        actor_type: 'user',
        parent_id: id,
        details: { reason: 'it is a diagnosis', data_classification: 'restricted', compliance_domains: ['hipaa'] },
      })
      return {}
    },
  ],
  'content of others, since the plan': [
    'plan-is-outdated',
    async ({ ledger }) => {
      await ledger.append(said('Ada and Ben again.', { subject_ids: [ADA, BEN] }))
      return {}
    },
  ],
  'a link to somebody else, since the plan': [
    'plan-is-outdated',
    async ({ ledger }) => {
      await ledger.append({
        action: 'subject_linked',
        actor_id: 'registrar',
        actor_type: 'user',
        subject_ids: [ADA, 'somebody else'],
        details: { reason: 'one person' },
      })
      return {}
    },
  ],
}

export function testErasureRefusals(backend: Backend): void {
  const { copied } = clinicToCopy('erasure-refused', STORY, backend)

  testRefusedOrders(backend, OF_RECORDS)

  describe('what earlier incarnations hold under the same keys', () => {
    const restored = async (more: Partial<Draft> = {}): Promise<ErasureClinic> => {
      const clinic = await copied()
      {
        await using ledger = await open(clinic)
        await ledger.append(said('Ada was seen.', { subject_ids: [ADA], ...more }))
      }
      const { origin, verifierKey } = await continueAfterRestore(clinic.folder)
      return { ...clinic, origin, verifierKey }
    }

    test('is lost too, which plan and certificate say', async () => {
      const clinic = await restored()
      await using ledger = await open(clinic)
      const plan = await planFor(ledger, clinic)
      assert.deepEqual([plan.records, plan.refused_count], [0, 0])
      const says = /^4 records of before a restore of this ledger have content under the same keys/
      assert.ok(plan.not_erased.some((sentence) => says.test(sentence)))
      const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
      const { certificate } = await ledger.erasures.carryOut(order)
      assert.match(certificate, /4 records of before a restore of this ledger/)
    })

    test('is not lost where it must stay readable: not planned, and not carried out whatever a plan says', async () => {
      const clinic = await restored({ compliance_domains: ['hipaa'] })
      await using ledger = await open(clinic)
      const before = await stateOf(clinic, ledger)
      await assert.rejects(planFor(ledger, clinic), { code: 'invalid-query', path: 'earlier-must-stay' })
      // A plan for somebody of whom nothing is there says of this ledger what one for Ada would say.
      await ledger.append({ ...AGENT, subject_ids: ['Zoe'] })
      const other = await planFor(ledger, clinic, ['Zoe'])
      const plan = { ...other, subjects: [await tokenOf(clinic, ADA)] }
      const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
      await assert.rejects(ledger.erasures.carryOut(order), { code: 'invalid-query', path: 'earlier-must-stay' })
      const after = await stateOf(clinic, ledger)
      assert.deepEqual({ ...Object(after), size: 0 }, { ...Object(before), size: 0 })
      assert.deepEqual(await ledger.erasures.standing(), [])
    })
  })
}

/** What is ordered is refused, and changes nothing. */
export function testRefusedOrders(backend: Backend, orders: Refused): void {
  const { copied } = clinicToCopy('erasure-refused', STORY, backend)

  describe('not carried out:', () => {
    for (const [name, [code, make]] of Object.entries(orders)) {
      test(name, async () => {
        const clinic = await copied()
        await using ledger = await open(clinic)
        const plan = await planFor(ledger, clinic)
        const given = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
        const order = { ...given, ...(await make({ clinic, ledger, plan })) }
        const state = await stateOf(clinic, ledger)
        await assert.rejects(ledger.erasures.carryOut(order), { code: 'invalid-query', path: code })
        assert.deepEqual(await stateOf(clinic, ledger), state)
        assert.deepEqual(await ledger.erasures.standing(), [])
      })
    }
  })
}

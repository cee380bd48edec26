// Dispositions from the plan to the certificate (spec/disposition.md §5): what is destroyed, and that nothing else is.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { utf8 } from '../src/bytes/text.ts'
import type { TimeSource } from '../src/clock/time-source.ts'
import { checkCertificate, type DispositionCertificate, openCertificate } from '../src/disposition/certificate.ts'
import { type DispositionRecord, disposalsIn } from '../src/disposition/disposals.ts'
import { formatManifest, manifestDigest, parseManifest } from '../src/disposition/manifest.ts'
import { planDigest } from '../src/disposition/plan.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { type ArchivedSegment, archivedDetails } from '../src/formats/archive-record.ts'
import type { Draft } from '../src/formats/fields.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import type { DispositionOrder } from '../src/ledger/judge-disposition.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { PlannedDisposition } from '../src/ledger/plan-disposition.ts'
import { stubAt } from '../src/ledger/read-through.ts'
import { builtInSet, policySet } from '../src/retention/policy-set.ts'
import { samples } from '../src/testing/sample-drafts.ts'
import {
  approve,
  DAY,
  type DispositionClinic,
  disposeOfAll,
  makeDispositionClinic,
  noted,
  openClinic,
  orderOf,
  planOf,
  policyOf,
  refusal,
  sameTime,
  standingSeqs,
} from './disposition-clinic.ts'
import { verifyUnderItsKey } from './verify-home.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-'))
after(() => rmSync(home, { recursive: true, force: true }))
let made = 0
const newClinic = (): Promise<DispositionClinic> => makeDispositionClinic(join(home, String(made++)))

function opened(certificate: string, { verifierKey }: DispositionClinic): DispositionCertificate {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const read = openCertificate(utf8(certificate), [key])
  assert.ok(!('code' in read), JSON.stringify(read))
  return read.certificate
}

async function recordsDisposed(ledger: Ledger): Promise<readonly DispositionRecord[]> {
  const records: DispositionRecord[] = []
  for await (const { seq, timestamp, recorded_at, details } of ledger.search({ action: 'records_disposed' }))
    records.push({ seq, timestamp, recorded_at, details: JSON.parse(JSON.stringify(details)) })
  return records
}

test('what is due is planned, approved and destroyed, and everything else stays', async () => {
  const clinic = await newClinic()
  await using ledger = await openClinic(clinic)
  const { dispositions } = ledger
  const planned = await planOf(dispositions, clinic)
  const { records, first_seq, last_seq, policies, contents, stays } = planned.plan
  assert.deepEqual([records, first_seq, last_seq, contents], [4, 1, 4, 3])
  assert.deepEqual(
    policies.map(({ policy, records }) => [policy, records]),
    [
      ['hipaa', 4],
      ['hipaa.audit_log', 4],
    ],
  )
  assert.deepEqual(
    stays.map(({ because, sample }) => [because, sample]),
    [
      ['kept', [6]],
      ['unclassified', [0, 5]],
    ],
  )
  assert.deepEqual(await standingSeqs(ledger), [0, 1, 2, 3, 4, 5, 6], 'a plan destroys nothing')

  const done = await dispositions.carryOut(orderOf(clinic, planned))
  assert.ok(done.state === 'done')
  assert.equal(done.standing.state, 'disposed')
  assert.deepEqual((await standingSeqs(ledger)).slice(0, 3), [0, 5, 6])

  const certificate = opened(done.certificate, clinic)
  assert.equal(checkCertificate(certificate, planned.plan), undefined)
  assert.equal(certificate.state, 'disposed')
  assert.ok(certificate.leave.state === 'approved' && certificate.leave.approver === 'kim')
  assert.ok(certificate.covered_by.size > 4 && certificate.covered_by.size <= certificate.decision_seq)
})

test('each destroyed row says under which manifest it went, and the records tell by whose leave', async () => {
  const clinic = await newClinic()
  await using ledger = await openClinic(clinic)
  const { dispositions } = ledger
  const planned = await planOf(dispositions, clinic)
  await dispositions.carryOut(orderOf(clinic, planned))
  const manifest = parseManifest(planned.manifest)
  assert.ok(!('code' in manifest))
  const disposals = disposalsIn(clinic.origin, await recordsDisposed(ledger), [clinic.approver.verifierKey])
  const store = await openStore(placeOf(clinic.folder))
  for (const { seq, integrity_hash } of manifest.records) {
    const found = await stubAt(store, clinic.origin, seq)
    assert.ok(found?.stub.mark.state === 'disposed')
    const { mark, ...shown } = found.stub
    assert.equal(mark.manifest, planned.plan.manifest_sha256)
    assert.equal(disposals.of({ ...shown, ...mark, seq, integrity_hash }).state, 'approved')
  }
  await store.close()
})

test('the ledger verifies after it, and whoever pins the approver’s key finds by whose leave; nobody else does', async () => {
  const clinic = await newClinic()
  {
    await using ledger = await openClinic(clinic)
    await disposeOfAll(ledger, clinic)
    await ledger.publish()
  }
  const verified = (...approvers: readonly VerifierKey[]): ReturnType<typeof verifyUnderItsKey> =>
    verifyUnderItsKey(clinic.folder, clinic.verifierKey, { approvers })
  const report = await verified(clinic.approver.verifierKey)
  assert.deepEqual([report.status, report.findings], ['valid', []])
  const stranger = generateSignerKey('approver/max', 'ed25519').verifierKey
  for (const approvers of [[], [stranger]]) {
    const { status, findings } = await verified(...approvers)
    assert.equal(status, 'incomplete')
    assert.deepEqual(
      findings.map(({ code, seq }) => [code, seq]),
      [1, 2, 3, 4].map((seq) => ['disposal-not-checked', seq]),
    )
  }
})

test('a row that was replaced without a disposition is found, though the stub names one', async () => {
  const clinic = await newClinic()
  {
    await using ledger = await openClinic(clinic)
    const { dispositions } = ledger
    const planned = await planOf(dispositions, clinic)
    await dispositions.carryOut(orderOf(clinic, planned))
    await ledger.publish()
    const store = await openStore(placeOf(clinic.folder))
    const [row] = await store.entries(clinic.origin, { from_seq: 5, until_seq: 6 }, { limit: 1, order: 'ascending' })
    const mark = { state: 'disposed', manifest: planned.plan.manifest_sha256 } as const
    const entries = [{ seq: 5, leaf: (row ?? assert.fail()).nodes.subarray(0, 32), mark }]
    await store.replaceEntries(clinic.origin, { entries, judged: { size: 7, unless: [] } })
    await store.close()
  }
  const approvers = [clinic.approver.verifierKey]
  const { status, findings } = await verifyUnderItsKey(clinic.folder, clinic.verifierKey, { approvers })
  assert.equal(status, 'tampered')
  assert.deepEqual(
    findings.map(({ code, seq }) => [code, seq]),
    [['disposal-unauthorised', 5]],
  )
})

test('what stands in the archive is in the plan and in the certificate, and it is not called disposed', async () => {
  const clinic = await newClinic()
  const segment = (id: string, first: number, last: number): ArchivedSegment => ({
    ...{ segment: id.repeat(32), manifest_sha256: 'a'.repeat(64), object_sha256: 'b'.repeat(64) },
    ...{ retention_class: 'default', due_month: '2032-11', checkpoint_size: 7, complete_until: last + 1 },
    ...{ runs: [{ first, last }], locked_until: '2033-01-01T00:00:00.000Z', payloads_missing: 0 },
  })
  {
    const { prepareOwn, batch } = samples(clinic.origin)
    const store = await openStore(placeOf(clinic.folder))
    const segments = [segment('2', 3, 5), segment('1', 1, 2), segment('3', 6, 6)]
    const records = segments.map((one) => prepareOwn({ action: 'records_archived', details: archivedDetails(one) }))
    await store.commit(batch(records, clinic.clock.now()))
    await store.close()
  }
  await using ledger = await openClinic(clinic)
  const { dispositions } = ledger
  const planned = await planOf(dispositions, clinic)
  const locked_until = '2033-01-01T00:00:00.000Z'
  const objects = [
    { key: `segments/${'1'.repeat(32)}.seg`, locked_until, fate: 'goes' },
    { key: `segments/${'2'.repeat(32)}.seg`, locked_until, fate: 'waits' },
  ]
  assert.deepEqual(planned.plan.objects, objects)
  const done = await dispositions.carryOut(orderOf(clinic, planned))
  assert.ok(done.state === 'done')
  assert.equal(done.standing.state, 'disposing')
  const certificate = opened(done.certificate, clinic)
  assert.deepEqual([certificate.state, certificate.objects_standing], ['disposing', objects])
  assert.match(certificate.says.join(' '), /It is not over/)
})

test('nothing of what was destroyed is left in the file, nor in its log beside it while it is open', async () => {
  const clinic = await newClinic()
  const years = 6.5 * 365 * DAY
  clinic.clock.set(clinic.clock.now() - years)
  const left = (): number =>
    ['ledger.db', 'ledger.db-wal']
      .map((name) => join(clinic.folder, name))
      .flatMap((file) => (existsSync(file) ? readFileSync(file, 'latin1').match(/visit-\d{3}-of-ada/g) : null) ?? [])
      .length
  {
    await using ledger = await openClinic(clinic)
    for (let n = 100; n < 220; n++)
      await ledger.append(noted('Ada.', { compliance_domains: ['hipaa'], details: { visit: `visit-${n}-of-ada` } }))
    await ledger.append(noted('The lift is stuck.'))
    assert.ok(left() >= 120)
    clinic.clock.pass(years)
    await disposeOfAll(ledger, clinic)
    assert.equal(left(), 0)
  }
  assert.equal(left(), 0)
})

test('carried out again, it is done once and certified as often; what is planned next has nothing of it', async () => {
  const clinic = await newClinic()
  await using ledger = await openClinic(clinic)
  const { dispositions } = ledger
  const order = orderOf(clinic, await planOf(dispositions, clinic))
  const first = await dispositions.carryOut(order)
  const { size } = await ledger.health()
  const second = await dispositions.carryOut(order)
  assert.ok(first.state === 'done' && second.state === 'done')
  assert.deepEqual(opened(second.certificate, clinic), opened(first.certificate, clinic))
  assert.equal((await ledger.health()).size, size)
  assert.equal(await dispositions.certificate(planDigest(order.plan)), second.certificate)
  assert.equal(await refusal(planOf(dispositions, clinic)), 'nothing-is-due')
})

test('only what one policy applies to is planned where that is asked, and only what is due at the day that is asked', async () => {
  const clinic = await newClinic()
  await using ledger = await openClinic(clinic)
  const { dispositions } = ledger
  await ledger.append(noted('The lift is stuck.'))
  const day = clinic.clock.now() + 365 * DAY
  const asked = { retention_policy: 'financial', at: day }
  const planned = await planOf(dispositions, clinic, asked)
  assert.deepEqual([planned.plan.records, planned.plan.first_seq, planned.plan.stays], [1, 6, []])
  assert.equal(await refusal(planOf(dispositions, clinic, { retention_policy: 'financial' })), 'nothing-is-due')
  assert.equal(await refusal(planOf(dispositions, clinic, { retention_policy: 'finance' })), 'no-such-policy')
  // What was planned before its day is not destroyed before.
  assert.equal(await refusal(dispositions.carryOut(orderOf(clinic, planned))), 'plan-is-outdated')
  clinic.clock.pass(day - clinic.clock.now())
  assert.equal((await dispositions.carryOut(orderOf(clinic, planned))).state, 'done')
  assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), [0, 1, 2, 3, 4, 5, 7])
})

interface Given {
  readonly clinic: DispositionClinic
  readonly ledger: Ledger
  readonly planned: PlannedDisposition
}

const LATE: Pick<Draft, 'actor_id' | 'actor_type'> = { actor_id: 'dr.lee', actor_type: 'user' }

async function reclassified({ ledger }: Given): Promise<Partial<DispositionOrder>> {
  const record = await ledger.at(2)
  await ledger.append({
    ...LATE,
    action: 'record_reclassified',
    parent_id: record?.id ?? assert.fail(),
    details: {
      data_classification: 'restricted',
      retention_class: 'financial',
      reason: 'it was an invoice',
    },
  })
  return {}
}

const REFUSED: Readonly<
  Record<string, readonly [code: string, make: (given: Given) => Promise<Partial<DispositionOrder>> | object]>
> = {
  'an approval by nobody who is pinned': [
    'signed-by-a-key-that-is-not-pinned',
    ({ clinic, planned }) => ({
      approval: approve(clinic, planned.plan, {}, generateSignerKey('approver/kim', 'ed25519')),
    }),
  ],
  'an approval that refuses': [
    'approval-refuses',
    ({ clinic, planned }) => ({ approval: approve(clinic, planned.plan, { decision: 'refuse' }) }),
  ],
  'an approval of another plan': [
    'approval-of-another-text',
    ({ clinic, planned }) => ({ approval: approve(clinic, { ...planned.plan, contents: 9 }) }),
  ],
  'a plan that was changed after it was approved': [
    'approval-of-another-text',
    ({ planned }) => ({ plan: { ...planned.plan, contents: 2 } }),
  ],
  'no approval at all': ['approval-missing', () => ({ approval: undefined })],
  'somebody who may not destroy anything': ['disposer-not-allowed', () => ({ person: 'ray' })],
  'the approver alone': ['disposer-not-allowed', () => ({ person: 'kim' })],
  'a manifest with a record more': [
    'manifest-of-another-plan',
    ({ planned }) => ({ manifest: utf8(`${Buffer.from(planned.manifest)}`.replace('"seq":4', '"seq":5')) }),
  ],
  'a manifest that shows a record otherwise than it is, though it was approved': [
    'plan-is-outdated',
    ({ clinic, planned }) => {
      const read = parseManifest(planned.manifest)
      assert.ok(!('code' in read))
      const [first = assert.fail(), ...others] = read.records
      const manifest = formatManifest({ ...read, records: [{ ...first, id: 'another' }, ...others] })
      const plan = { ...planned.plan, manifest_sha256: manifestDigest(manifest) }
      return { plan, manifest, approval: approve(clinic, plan) }
    },
  ],
  'an approval that has expired': [
    'approval-expired',
    ({ clinic }) => {
      clinic.clock.pass(31 * DAY)
      return {}
    },
  ],
  'a record that has to be kept longer since': ['plan-is-outdated', reclassified],
}

const silent: TimeSource = {
  where: 'https://time.example',
  read: () => Promise.reject(new LedgerError('time-unavailable', { problem: 'no answer', cure: 'check the network' })),
}
const NO_TIME: readonly (readonly [name: string, code: string, source: (clinic: DispositionClinic) => TimeSource])[] = [
  ['the clock is more than a minute ahead', 'clock-jump', ({ clock }) => sameTime(clock, 60_000)],
  ['the source of time does not answer', 'time-unavailable', () => silent],
]

describe('not carried out:', () => {
  for (const [name, [code, make]] of Object.entries(REFUSED)) {
    test(name, async () => {
      const clinic = await newClinic()
      await using ledger = await openClinic(clinic)
      const { dispositions } = ledger
      const planned = await planOf(dispositions, clinic)
      const { approval, ...order } = orderOf(clinic, planned)
      const changed = { ...order, approval, ...(await make({ clinic, ledger, planned })) }
      const { size } = await ledger.health()
      const { approval: note, ...rest } = changed
      assert.equal(await refusal(dispositions.carryOut(note === undefined ? rest : { ...rest, approval: note })), code)
      assert.equal((await ledger.health()).size, size, 'nothing is recorded')
      assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), [0, 1, 2, 3, 4, 5, 6], 'nothing is destroyed')
    })
  }

  for (const [name, code, timeSource] of NO_TIME) {
    test(`where ${name}`, async () => {
      const clinic = await newClinic()
      await using ledger = await openClinic(clinic, { timeSource: timeSource(clinic) })
      const { dispositions } = ledger
      const order = orderOf(clinic, await planOf(dispositions, clinic))
      assert.equal(await refusal(dispositions.carryOut(order)), code)
      assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), [0, 1, 2, 3, 4, 5, 6])
      assert.deepEqual(await dispositions.standing(), [])
    })
  }

  test('where nobody says what time it is', async () => {
    const clinic = await newClinic()
    await using ledger = await openFolder(clinic.folder, { clock: clinic.clock })
    const { dispositions } = ledger
    const order = orderOf(clinic, await planOf(dispositions, clinic))
    await assert.rejects(dispositions.carryOut(order), /time-unavailable.*name no source of time.*time_source/)
    assert.deepEqual(await dispositions.standing(), [])
  })
})

describe('a legal hold', () => {
  const MATTER = { matter: 'Okafor v. Clinic', reason: 'counsel asked', custodian: 'dr.lee' }

  test('that stands keeps what it binds out of the plan, and what it does not bind goes', async () => {
    const clinic = await newClinic()
    await using ledger = await openClinic(clinic, { access: clinic.policy })
    await ledger.holding({ actor_id: 'dr.lee' }).place({ ...MATTER, conversation_id: 'c-1' })
    const { dispositions } = ledger
    const planned = await planOf(dispositions, clinic)
    assert.deepEqual(planned.plan.stays.find(({ because }) => because === 'held')?.sample, [1, 2])
    assert.equal((await dispositions.carryOut(orderOf(clinic, planned))).state, 'done')
    assert.deepEqual((await standingSeqs(ledger)).slice(0, 5), [0, 1, 2, 5, 6])
  })

  test('that is placed after the approval keeps the whole plan from being carried out', async () => {
    const clinic = await newClinic()
    await using ledger = await openClinic(clinic, { access: clinic.policy })
    const { dispositions } = ledger
    const order = orderOf(clinic, await planOf(dispositions, clinic))
    await ledger.holding({ actor_id: 'dr.lee' }).place({ ...MATTER, conversation_id: 'c-2' })
    await assert.rejects(dispositions.carryOut(order), /seq 3 is not due: a legal hold binds it/)
    assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), [0, 1, 2, 3, 4, 5, 6])
  })
})

describe('not carried out either:', () => {
  test('where the clock of the system jumped by more than a day, and nobody confirmed it', async () => {
    const clinic = await newClinic()
    await using ledger = await openClinic(clinic)
    const { dispositions } = ledger
    const order = orderOf(clinic, await planOf(dispositions, clinic))
    clinic.clock.set(clinic.clock.now() + 2 * DAY)
    assert.equal(await refusal(dispositions.carryOut(order)), 'clock-jump')
    assert.deepEqual(await dispositions.standing(), [])
    clinic.clock.set(clinic.clock.now() - 2 * DAY)
    assert.equal((await dispositions.carryOut(order)).state, 'done')
  })
})

test('not carried out: by other retention policies than the plan was made by', async () => {
  const clinic = await newClinic()
  const planned = await (async () => {
    await using ledger = await openClinic(clinic)
    return await planOf(ledger.dispositions, clinic)
  })()
  const { policies, revision, fiscal_year_end, time_source } = builtInSet()
  const retention = policySet({ policies, fiscal_year_end, time_source, time_zone: 'America/New_York', revision })
  await using ledger = await openClinic(clinic, { retention })
  assert.equal(await refusal(ledger.dispositions.carryOut(orderOf(clinic, planned))), 'policies-changed')
  assert.deepEqual(await ledger.dispositions.standing(), [])
})

describe('an organisation of one', () => {
  const alone = (clinic: DispositionClinic): DispositionClinic => ({
    ...clinic,
    ...policyOf({ 'dr.lee': { roles: ['records_officer'] } }),
  })

  test('waits for its plan on record, and is certified as not independently approved', async () => {
    const clinic = alone(await newClinic())
    await using ledger = await openClinic(clinic)
    const { dispositions } = ledger
    const planned = await planOf(dispositions, clinic, { delay_days: 7 })
    const { approval: _, ...order } = orderOf(clinic, planned)
    const { state, standing } = await dispositions.carryOut(order)
    assert.equal(state, 'announced')
    const over = Date.parse(standing.recorded_at) + 7 * DAY
    assert.equal(await refusal(dispositions.carryOut(order)), 'delay-not-over')
    clinic.clock.pass(over - 1 - clinic.clock.now())
    assert.equal(await refusal(dispositions.carryOut(order)), 'delay-not-over')
    assert.deepEqual((await standingSeqs(ledger)).slice(0, 7), [0, 1, 2, 3, 4, 5, 6])
    clinic.clock.pass(1)
    const done = await dispositions.carryOut(order)
    assert.ok(done.state === 'done')
    assert.equal(opened(done.certificate, clinic).leave.state, 'not independently approved')
    assert.deepEqual((await standingSeqs(ledger)).slice(0, 3), [0, 5, 6])
  })

  test('is announced by no clock that is behind: set right, it would have the delay over', async () => {
    const clinic = alone(await newClinic())
    const today = clinic.clock.now()
    const timeSource = { where: 'https://time.example', read: async () => ({ at: today, uncertainty_millis: 500 }) }
    clinic.clock.set(today - 8 * DAY)
    await using ledger = await openClinic(clinic, { timeSource })
    const { dispositions } = ledger
    const { approval: _, ...order } = orderOf(clinic, await planOf(dispositions, clinic, { delay_days: 7 }))
    assert.equal(await refusal(dispositions.carryOut(order)), 'clock-jump')
    assert.deepEqual(await dispositions.standing(), [])
  })

  test('announces no plan of another ledger', async () => {
    const [clinic, other] = [alone(await newClinic()), alone(await newClinic())]
    await using theirs = await openClinic(other)
    const { approval: _, ...order } = orderOf(other, await planOf(theirs.dispositions, other, { delay_days: 7 }))
    await using ledger = await openClinic(clinic)
    assert.equal(await refusal(ledger.dispositions.carryOut(order)), 'plan-of-another-ledger')
    assert.deepEqual(await ledger.dispositions.standing(), [])
  })

  test('may name an outside approver instead', async () => {
    const outside = generateSignerKey('counsel.example/kim', 'ed25519')
    const clinic = {
      ...(await newClinic()),
      approver: outside,
      ...policyOf({
        'dr.lee': { roles: ['records_officer'] },
        kim: { roles: ['records_approver'], approval_key: formatVerifierKey(outside.verifierKey) },
      }),
    }
    await using ledger = await openClinic(clinic)
    assert.equal((await disposeOfAll(ledger, clinic)).state, 'done')
  })

  test('waits in vain where somebody else may approve', async () => {
    const clinic = await newClinic()
    await using ledger = await openClinic(clinic)
    const { dispositions } = ledger
    const { approval: _, ...order } = orderOf(clinic, await planOf(dispositions, clinic, { delay_days: 7 }))
    assert.equal(await refusal(dispositions.carryOut(order)), 'delay-beside-an-approver')
    assert.deepEqual(await dispositions.standing(), [])
  })
})

test('the newest record is never planned', async () => {
  const due = noted('Ada.', { compliance_domains: ['hipaa'] })
  const clinic = await makeDispositionClinic(join(home, String(made++)), [due, due])
  await using ledger = await openClinic(clinic)
  const told: unknown[] = []
  const onProgress = (...judged: unknown[]) => told.push(judged)
  const { plan } = await planOf(ledger.dispositions, clinic, { onProgress })
  assert.deepEqual(told.at(-1), [3, 3])
  assert.deepEqual([plan.records, plan.last_seq], [1, 1])
  assert.deepEqual(plan.stays.find(({ because }) => because === 'needed')?.sample, [2])
})

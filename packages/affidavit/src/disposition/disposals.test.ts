import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesOf, golden } from '../../test/disposition-vectors.ts'
import { signerOf } from '../../test/erasure-vectors.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import { approvalDigest } from '../papers/approval.ts'
import { type DispositionRecord, disposalsIn } from './disposals.ts'
import type { ListedRecord } from './manifest.ts'
import { paperOf, partsOf } from './paper-parts.ts'
import type { Decision, DispositionDetails, Withdrawal } from './phases.ts'

const KIM = signerOf(golden.approver).verifierKey
const { ledger, manifest_sha256 } = golden.plan
const { plan_sha256 } = golden
const NOTE = bytesOf('approval.note')
const approval_sha256 = approvalDigest('disposition', NOTE)
const decision: Decision = { phase: 'decided', plan_sha256, manifest_sha256, approval_sha256, records: 4 }
const withdrawn: Withdrawal = {
  phase: 'withdrawn',
  plan_sha256,
  manifest_sha256,
  decision_seq: 3004,
  because: 'held',
  seq: 3,
}
const outcome: DispositionDetails = {
  phase: 'disposed',
  plan_sha256,
  manifest_sha256,
  decision_seq: 3004,
  records: 4,
  objects: [],
}

const recorded_at = golden.certificate.decided_at
const at = (seq: number, details: DispositionDetails): DispositionRecord => ({
  seq,
  timestamp: recorded_at,
  recorded_at,
  details: JSON.parse(JSON.stringify(details)),
})
const paperRecords = [
  ...partsOf(bytesOf('manifest.json'), manifest_sha256),
  ...partsOf(bytesOf('plan.json'), plan_sha256),
  ...partsOf(NOTE, approval_sha256),
].map((part, i) => at(3001 + i, part))
const DECIDED = [...paperRecords, at(3004, decision)]
const [FIRST = assert.fail()] = golden.manifest.records

function of(records: readonly DispositionRecord[], entry: Partial<DestroyedEntry> = {}): unknown {
  return disposalsIn(ledger, records, [KIM]).of({ ...shown(FIRST), ...entry })
}

function shown({ retention_class: _, due_since: _since, policies: _policies, ...entry }: ListedRecord): DestroyedEntry {
  return { ...entry, manifest: manifest_sha256 }
}

test('a decision counts by its own time where a clock that was ahead dates its record', () => {
  const ahead = new Date(Date.parse(recorded_at) + 40 * 86_400_000).toISOString()
  const dated = (timestamp: string): unknown =>
    of([...paperRecords, { ...at(3004, decision), timestamp, recorded_at: ahead }])
  assert.equal(Object(dated(recorded_at)).state, 'approved')
  assert.deepEqual(dated(ahead), { state: 'none', because: 'approval-out-of-time' })
})

test('every listed record went by the leave of its decision, and the verdict names it', () => {
  const approved = { state: 'approved', approver: 'kim', plan_sha256, decision_seq: 3004 }
  for (const record of golden.manifest.records)
    assert.deepEqual(disposalsIn(ledger, DECIDED, [KIM]).of(shown(record)), approved)
  assert.deepEqual(disposalsIn(ledger, DECIDED, []).of(shown(FIRST)), {
    state: 'not checked',
    plan_sha256,
    decision_seq: 3004,
  })
})

test('a decision that was withdrawn is none, but where the rows were gone before', () => {
  assert.deepEqual(of([...DECIDED, at(3005, withdrawn)]), { state: 'none', because: 'not-decided' })
  assert.notDeepEqual(of([...DECIDED, at(3005, withdrawn), at(3006, outcome)]), {
    state: 'none',
    because: 'not-decided',
  })
})

const without = (sha256: string): readonly DispositionRecord[] =>
  DECIDED.filter(({ details }) => (details as { sha256?: string }).sha256 !== sha256)

const NONE: Readonly<Record<string, readonly [because: string, disposal: () => unknown]>> = {
  'nothing on record': ['not-decided', () => of([])],
  'papers without a decision': ['not-decided', () => of(paperRecords)],
  'a decision without its manifest': ['manifest-missing', () => of(without(manifest_sha256))],
  'a decision without its plan': ['plan-missing', () => of(without(plan_sha256))],
  'a decision without its approval': ['approval-missing', () => of(without(approval_sha256))],
  'another manifest under the digest': [
    'manifest-altered',
    () =>
      of([...without(manifest_sha256), ...partsOf(bytesOf('plan.json'), manifest_sha256).map((part) => at(1, part))]),
  ],
  'a record that is not listed': ['not-listed', () => of(DECIDED, { seq: 5 })],
  'a listed record with another leaf hash': ['not-listed', () => of(DECIDED, { integrity_hash: 'a'.repeat(64) })],
  'a decision that stands before the record': [
    'not-listed',
    () => of([...paperRecords, at(2003, decision)], shown(golden.manifest.records.at(-1) ?? assert.fail())),
  ],
  'a record that shows another id': ['listed-otherwise', () => of(DECIDED, { id: 'x' })],
  'a record that shows another time': ['listed-otherwise', () => of(DECIDED, { recorded_at })],
  'a record that shows another conversation': ['listed-otherwise', () => of(DECIDED, { conversation_id: 'c-3' })],
  'a record that shows another place in its conversation': [
    'listed-otherwise',
    () => of(DECIDED, { conversation_seq: 7 }),
  ],
}

for (const [name, [because, disposal]] of Object.entries(NONE)) {
  test(`no disposal: ${name}`, () => assert.deepEqual(disposal(), { state: 'none', because }))
}

test('a paper of many parts is put together again in any order, and never from fewer or from other parts', () => {
  const paper = Uint8Array.from({ length: 200_000 }, (_, i) => ((i * 7919 + (i >> 5) * 104_729) % 251) ^ ((i * i) >> 7))
  const parts = partsOf(paper, plan_sha256)
  assert.ok(parts.length > 2, `${parts.length} parts`)
  assert.deepEqual(paperOf([...parts].reverse()), paper)
  for (let i = 0; i < parts.length; i++) assert.equal(paperOf(parts.toSpliced(i, 1)), undefined)
  const [first = assert.fail(), second = assert.fail()] = parts
  assert.equal(paperOf([...parts, first]), undefined)
  assert.equal(paperOf([{ ...first, packed: '!' }, ...parts.slice(1)]), undefined)
  assert.notDeepEqual(paperOf([{ ...first, packed: second.packed }, ...parts.slice(1)]), paper)
  assert.equal(paperOf([]), undefined)
  for (const { packed } of parts) assert.ok(packed.length < 50_000)
})

test('a part that unpacks to more than any paper is none', () => {
  const bomb = partsOf(new Uint8Array(2 ** 25 + 1), plan_sha256)
  assert.equal(paperOf(bomb), undefined)
})

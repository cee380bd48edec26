import assert from 'node:assert/strict'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { bytesOf, flipped, golden, heldAt, keptAt, planLies } from '../../test/erasure-vectors.ts'
import { hostileBytes } from '../../test/hostile.ts'
import { utf8 } from '../bytes/text.ts'
import { createPayloadList, damagedListDigest, type ErasurePlan, formatPlan, parsePlan, planDigest } from './plan.ts'

const GOLDEN = bytesOf('plan.json')

function written(value: unknown): Uint8Array {
  return utf8(canonicalize(value) ?? assert.fail())
}

test('the golden plan is read, and written again byte for byte', () => {
  assert.deepEqual(parsePlan(GOLDEN), golden.plan)
  assert.deepEqual(Buffer.from(formatPlan(golden.plan)), Buffer.from(GOLDEN))
  assert.equal(planDigest(golden.plan), golden.plan_sha256)
})

for (const lie of planLies) {
  test(`refused as a plan: ${lie.name}`, () => {
    const { [lie.member]: _, ...rest } = JSON.parse(Buffer.from(GOLDEN).toString('utf8'))
    const value = 'value' in lie ? { ...rest, [lie.member]: lie.value } : rest
    const fault = parsePlan(written(value))
    assert.ok('code' in fault, 'it was read')
    assert.equal(fault.code, lie.code, JSON.stringify(fault))
    const { path, problem = '' } = { path: undefined, problem: undefined, ...fault }
    assert.ok(problem.includes(lie.says), `${problem} does not say: ${lie.says}`)
    assert.equal(path, lie.path)
    // Version and kind are the format’s own: what is handed in for them counts for nothing.
    if (lie.member === 'v' || lie.member === 'kind') return
    assert.throws(() => formatPlan({ ...golden.plan, [lie.member]: lie.value }))
  })
}

const SPELLINGS: readonly (readonly [name: string, bytes: () => Uint8Array, code: string])[] = [
  ['with a line end', () => utf8(`${Buffer.from(GOLDEN)}\n`), 'paper-not-canonical'],
  ['indented', () => utf8(JSON.stringify(JSON.parse(`${Buffer.from(GOLDEN)}`), null, 1)), 'paper-not-canonical'],
  [
    'in another order',
    () => utf8(`${Buffer.from(GOLDEN)}`.replace(/^{(.*),"v":1,(.*)}$/, '{"v":1,$1,$2}')),
    'paper-not-canonical',
  ],
  ['with an escape', () => utf8(`${Buffer.from(GOLDEN)}`.replace('ü', '\\u00fc')), 'paper-not-canonical'],
  [
    'with a count as 3.0',
    () => utf8(`${Buffer.from(GOLDEN)}`.replace('"records":3', '"records":3.0')),
    'paper-not-canonical',
  ],
  ['with a member twice', () => utf8(`${Buffer.from(GOLDEN)}`.replace(',"v":1,', ',"v":1,"v":1,')), 'paper-not-json'],
  ['behind a byte order mark', () => utf8(`\ufeff${Buffer.from(GOLDEN)}`), 'paper-not-json'],
  ['cut', () => GOLDEN.subarray(0, -1), 'paper-not-json'],
  ['nothing', () => new Uint8Array(), 'paper-not-json'],
  ['a list', () => utf8('[]'), 'paper-other-kind'],
  ['no UTF-8', () => Uint8Array.of(0x22, 0xff, 0x22), 'paper-not-utf8'],
  ['a megabyte and a byte', () => new Uint8Array(2 ** 20 + 1).fill(0x20), 'paper-too-long'],
  ['nested', () => utf8('['.repeat(100_000)), 'paper-not-json'],
]

for (const [name, bytes, code] of SPELLINGS) {
  test(`no bytes of a plan: ${name}`, () => {
    const fault = parsePlan(bytes())
    assert.ok('code' in fault)
    assert.equal(fault.code, code)
  })
}

const refusal = heldAt(3)
const TOGETHER: Readonly<Record<string, Partial<ErasurePlan>>> = {
  'content that is wrapped anew, and nothing was linked': {
    ...{ records: 0, payloads: 0, bytes: 0, sample: [] },
    wrapped_anew: 1,
  },
  'content that is damaged, and nothing was linked': {
    ...{ records: 0, payloads: 0, bytes: 0, sample: [] },
    wrapped_anew: 0,
  },
  'entries with damaged payloads, and none is': {
    ...{ damaged: 0, damaged_payloads: [] },
    damaged_list_sha256: damagedListDigest([]),
  },
  'nobody at all': { subjects: [], conversations: [] },
  'a hold that no hold is named for': { refused: [{ ...refusal, holds: [] }], refused_count: 1 },
  'a minimum that is a hold': { refused: [{ ...keptAt(3), holds: refusal.holds }], refused_count: 1 },
  'a refusal beyond what was looked at': { refused: [{ ...refusal, seq: 42 }], refused_count: 1 },
}

for (const [name, change] of Object.entries(TOGETHER)) {
  test(`refused as a plan: ${name}`, () => {
    const fault = parsePlan(written({ v: 1, kind: 'erasure-plan', ...golden.plan, ...change }))
    assert.ok('code' in fault && fault.code === 'paper-contradiction')
  })
}

test('of many that are shared or refused the first hundred are told, and all are counted', () => {
  const many = Array.from({ length: 101 }, (_, seq) => seq)
  const shared = many.map((seq) => ({ seq, name: 'result', other_subjects: 1 }))
  const refused = many.map((seq) => ({ ...refusal, seq }))
  const plan: ErasurePlan = {
    ...golden.plan,
    as_of_seq: 200,
    shared: shared.slice(0, 100),
    shared_count: 101,
    refused: refused.slice(0, 100),
    refused_count: 101,
  }
  assert.deepEqual(parsePlan(formatPlan(plan)), plan)
  for (const change of [{ shared }, { refused }]) assert.throws(() => formatPlan({ ...plan, ...change }), RangeError)
  for (const change of [{ shared: [] }, { refused: [] }])
    assert.throws(() => formatPlan({ ...plan, ...change }), RangeError)
})

test('of many damaged payloads the first thousand are listed, and the digest fixes all of them', () => {
  const many = Array.from({ length: 1_001 }, (_, i) => i.toString(16).padStart(32, '0'))
  const plan: ErasurePlan = {
    ...golden.plan,
    damaged: 1_001,
    damaged_payloads: many.slice(0, 1_000),
    damaged_list_sha256: damagedListDigest(many),
  }
  assert.deepEqual(parsePlan(formatPlan(plan)), plan)
  for (const change of [{ damaged_payloads: many }, { damaged_payloads: [] }, { damaged: 1_000 }])
    assert.throws(() => formatPlan({ ...plan, ...change }), RangeError)
  assert.notEqual(damagedListDigest(many), damagedListDigest(many.slice(0, 1_000)))
})

test('copies are told apart by kind and place together', () => {
  const [copy = assert.fail()] = golden.plan.copies
  const copies = [copy, { ...copy, kind: 'replica' }, { ...copy, where: 'safe 3' }] as const
  assert.doesNotThrow(() => formatPlan({ ...golden.plan, copies }))
})

test('hostile bytes are refused as a plan without a throw, or are the only bytes of the plan that they are', () => {
  fc.assert(
    fc.property(hostileBytes([GOLDEN]), (bytes) => {
      const plan = parsePlan(bytes)
      if (!('code' in plan)) assert.deepEqual(Buffer.from(formatPlan(plan)), Buffer.from(bytes))
    }),
    { numRuns: 500 },
  )
})

test('no bit of a plan can be flipped under its digest', () => {
  for (const bytes of flipped(GOLDEN)) {
    const plan = parsePlan(bytes)
    if (!('code' in plan)) assert.notEqual(planDigest(plan), golden.plan_sha256)
  }
})

test('no fault of a plan quotes what stands there', () => {
  const secret = 'Ann Miller'
  for (const member of Object.keys(golden.plan)) {
    const fault = parsePlan(written({ v: 1, kind: 'erasure-plan', ...golden.plan, [member]: [{ [secret]: secret }] }))
    assert.ok('code' in fault)
    const { path: _, ...said } = { path: '', ...fault }
    assert.doesNotMatch(JSON.stringify(said), /Ann Miller/)
  }
})

test('the list of payloads has the golden digest', () => {
  const list = createPayloadList()
  for (const [seq, blob_id] of golden.payloads) list.add(seq, blob_id)
  assert.equal(list.hex(), golden.plan.payload_list_sha256)
})

test('a list of payloads has one order, and each payload of an entry once', () => {
  const listed = (...items: readonly (readonly [number, string])[]): string => {
    const list = createPayloadList()
    for (const [seq, blob_id] of items) list.add(seq, blob_id)
    return list.hex()
  }
  assert.notEqual(listed([1, 'a']), listed([1, 'b']))
  assert.notEqual(listed([1, 'a']), listed([1, 'a'], [2, 'a']))
  assert.notEqual(listed([1, 'a'], [2, 'a']), listed([1, 'a'], [12, 'a']))
  for (const [first, second] of [
    [
      [2, 'a'],
      [1, 'b'],
    ],
    [
      [1, 'b'],
      [1, 'a'],
    ],
    [
      [1, 'a'],
      [1, 'a'],
    ],
  ] as const) {
    assert.throws(() => listed(first, second), /out of order/)
  }
})

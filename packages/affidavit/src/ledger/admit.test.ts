// PlainAdmission apart from commitments, which commitment.test.ts is about.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'

import { ANY_ACTION, anyDraft } from '../../test/any-draft.ts'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import { type Draft, MAX_DRAFT_BYTES } from '../formats/fields.ts'
import { type FixedClock, fixedClock } from '../testing/fixed-clock.ts'
import { type PlainAdmission, plainAdmission } from '../testing/plain-admission.ts'
import type { PreparedDraft } from './store.ts'

const LEDGER = 'clinic.example/agents/5f0c2a9be1d34876'
const ACTIONS = {
  [ANY_ACTION]: { description: 'A patient was referred to another clinic.', requires: ['purpose'] },
} as const
const BARE: Draft = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' }

function admissionAt(clock: Pick<FixedClock, 'now' | 'elapsed'>, ledger: string = LEDGER): PlainAdmission {
  return plainAdmission({ ledger, actions: ACTIONS, clock })
}

const { admit, admitOwn, deriveId } = admissionAt(fixedClock())

/** The members that are decided, of a draft without a conversation: all but the place. */
function membersOf({ pieces: [a, b, c, d, e] }: PreparedDraft): Map<string, unknown> {
  return new Map(Object.entries(JSON.parse(`{${a}${b}${c}${d}${e}}`)))
}

test('nothing that becomes of the caller’s draft later changes what was admitted', () => {
  const draft = {
    ...BARE,
    subject_ids: ['p2', 'p1'],
    compliance_domains: ['hipaa'],
    source: { host: 'a' },
    details: { deep: [{ tokens: 1 }] },
  }
  const prepared = admit(draft)
  const before = structuredClone(prepared)
  draft.actor_id = 'somebody else'
  draft.subject_ids.push('p3')
  draft.compliance_domains.length = 0
  draft.source.host = 'b'
  draft.details.deep[0] = { tokens: 2 }
  assert.deepEqual(prepared, before)
  assert.deepEqual(prepared.subject_ids, ['p1', 'p2'])
})

test('what was admitted is plain data that crosses to another thread whole', () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const prepared = admit({ purpose: 'care', ...draft })
      assert.deepEqual(structuredClone(prepared), prepared)
    }),
    { numRuns: 50 },
  )
})

test('the same draft has the same commitment, and another salt each time', () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      const named = { purpose: 'care', ...draft, id: '0193f5a2-7c00-7abc-8def-000000000000' }
      const [one, other] = [admit(named), admit(structuredClone(named))]
      assert.equal(one.draft_commitment, other.draft_commitment)
      const salts = [one, other].map((prepared) => /"salt":"([0-9a-f]{32})"/.exec(prepared.pieces.join())?.[1])
      assert.ok(salts.every((salt) => salt !== undefined))
      assert.notEqual(salts[0], salts[1])
    }),
    { numRuns: 50 },
  )
})

test('an id and a time that were left out are made from the clock', () => {
  const clock = fixedClock(Date.UTC(2026, 10, 21, 9, 30))
  const admission = admissionAt(clock)
  const ids = [0, 1, 5_000].map((millis) => {
    clock.pass(millis)
    const prepared = admission.admit(BARE)
    const made = prepared.id.replaceAll('-', '')
    assert.equal(Number.parseInt(made.slice(0, 12), 16), clock.now())
    assert.match(prepared.id, /^.{14}7.{4}[89ab]/)
    assert.equal(membersOf(prepared).get('id'), prepared.id)
    assert.equal(membersOf(prepared).get('timestamp'), new Date(clock.now()).toISOString())
    return prepared.id
  })
  assert.equal(new Set(ids).size, 3)
})

test('what the caller said is kept, what he left out gets its default, and the strictest one where data is classified', () => {
  const plain = membersOf(admit(BARE))
  const said = { assurance: 'imported', data_classification: 'public', retention_class: 'six_years' } as const
  const own = membersOf(admit({ ...BARE, ...said, timestamp: '1999-12-31T23:59:59.999Z' }))
  const fields = ['assurance', 'data_classification', 'retention_class']
  assert.deepEqual(
    fields.map((name) => plain.get(name)),
    ['recorded', 'restricted', 'default'],
  )
  assert.deepEqual(
    fields.map((name) => own.get(name)),
    Object.values(said),
  )
  assert.equal(own.get('timestamp'), '1999-12-31T23:59:59.999Z')
  assert.deepEqual([plain.get('ledger'), plain.get('v')], [LEDGER, 1])
})

test('a draft of 64,000 bytes is admitted, and one byte more is refused as too large', () => {
  const empty = Buffer.byteLength(JSON.stringify({ ...BARE, details: { text: '' } }))
  const sized = (bytes: number, letter: string): unknown => {
    const room = bytes - empty
    const width = Buffer.byteLength(letter)
    return { ...BARE, details: { text: letter.repeat(Math.floor(room / width)) + 'x'.repeat(room % width) } }
  }
  for (const letter of ['x', 'é', '😀']) {
    assert.ok(admit(sized(MAX_DRAFT_BYTES, letter)))
    assertRefused(() => admit(sized(MAX_DRAFT_BYTES + 1, letter)), 'draft-too-large')
  }
})

test('a draft far beyond the limit is refused before all of it is written', () => {
  let reads = 0
  const details = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 'x'.repeat(100)]))
  const counting = new Proxy(details, {
    get(target, name) {
      reads++
      return Reflect.get(target, name)
    },
  })
  assertRefused(() => admit({ ...BARE, details: counting }), 'draft-too-large')
  assert.ok(reads < 10_000, `${reads} members were read`)
})

const REFUSED: readonly (readonly [name: string, draft: unknown, path: string])[] = [
  ['no object', 'tool_invoked', ''],
  ['a missing field', { action: 'tool_invoked', actor_id: 'agent-1' }, 'actor_type'],
  ['an unknown field', { ...BARE, colour: 'red' }, 'colour'],
  ['an unknown field whose name is no word', { ...BARE, 'two words': 1 }, '["two words"]'],
  ['a field of the ledger', { ...BARE, seq: 1 }, 'seq'],
  ['an empty label', { ...BARE, model: '' }, 'model'],
  ['a subject among several', { ...BARE, subject_ids: ['p1', 'p\u202e2'] }, 'subject_ids[1]'],
  ['a member of the source', { ...BARE, source: { host: 'a\nb' } }, 'source.host'],
  ['half a producer number', { ...BARE, producer_id: 'p' }, 'producer_seq'],
  ['a number without an exact form', { ...BARE, details: { tokens: [1, 2, 2 ** 53] } }, 'details.tokens[2]'],
  ['a date', { ...BARE, details: { a: { 'b c': new Date(0) } } }, 'details.a["b c"]'],
  [
    'a getter that throws',
    {
      ...BARE,
      details: {
        get a() {
          throw new Error('no')
        },
      },
    },
    'details',
  ],
  ['a reserved action', { ...BARE, action: 'logging_started' }, 'action'],
  ['an action that nobody declared', { ...BARE, action: 'clinic.unheard_of' }, 'action'],
  ['a field that a declared action requires', { ...BARE, action: ANY_ACTION }, 'purpose'],
]

for (const [name, draft, path] of REFUSED) {
  test(`refused with its path: ${name}`, () => {
    assert.equal(assertRefused(() => admit(draft), 'invalid-draft').path, path)
  })
}

function assertRefused(work: () => unknown, code: ErrorCode): LedgerError {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof LedgerError, String(error))
    assert.deepEqual([error.code, error.blame], [code, 'caller'])
    return error
  }
  return assert.fail('it was admitted')
}

test('what is no fault of the draft is not called one', () => {
  const broken = { now: () => assert.fail('no clock'), elapsed: () => 0 }
  assert.throws(() => admissionAt(broken).admit(BARE), assert.AssertionError)
})

test('the ledger itself may record what callers may not, by the same rules else', () => {
  const start = { ...BARE, action: 'logging_started' } as const
  assert.equal(membersOf(admitOwn(start)).get('action'), 'logging_started')
  assert.equal(assertRefused(() => admitOwn({ ...start, actor_id: '' }), 'invalid-draft').path, 'actor_id')
  assert.equal(assertRefused(() => admitOwn({ ...BARE, action: ANY_ACTION }), 'invalid-draft').path, 'action')
})

test('the same words give the same id in one ledger, and another in another', () => {
  const digest = createHash('sha256').update(`${LEDGER}\nappend_conflicted\nabc`).digest('hex')
  const derived = deriveId('append_conflicted', 'abc')
  assert.match(derived, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const kept = derived.replaceAll('-', '')
  assert.equal(
    kept.slice(0, 12) + kept.slice(13, 16) + kept.slice(17),
    digest.slice(0, 12) + digest.slice(13, 16) + digest.slice(17, 32),
  )
  assert.equal(deriveId('append_conflicted', 'abc'), derived)
  const others = [
    deriveId('append_conflicted', 'abd'),
    deriveId('append_conflicted'),
    admissionAt(fixedClock(), 'clinic.example/agents/0000000000000000').deriveId('append_conflicted', 'abc'),
  ]
  assert.equal(new Set([derived, ...others]).size, 4)
})

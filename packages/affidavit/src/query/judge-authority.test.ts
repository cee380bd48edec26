import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveVerdict } from '../../test/oracle/naive-authority.ts'
import { BEGINNING, hour, plainId, plainRecord } from '../../test/plain-record.ts'
import { formatTimestamp } from '../clock/clock.ts'
import type { Action, AuditRecord } from '../formats/fields.ts'
import { authorityOf } from './authority.ts'
import { announcedBy, dataAccess, touchedBy } from './data-access.ts'
import { isFinding, judgeAuthority, type Verdict } from './judge-authority.ts'

const itself = (id: string): string => id

function granted(seq: number, fields: Partial<AuditRecord> = {}, details: object = {}): AuditRecord {
  return plainRecord(seq, {
    action: 'access_granted',
    actor_id: 'dr-lee',
    actor_type: 'user',
    agent_name: 'clinic-agent',
    resource_type: 'patient_record',
    grant_id: 'G-1',
    ...fields,
    details: { access: ['read'], valid_from: hour(0), valid_until: hour(100), ...details },
  })
}

function revoked(seq: number, grant_id = 'G-1'): AuditRecord {
  return plainRecord(seq, {
    action: 'access_revoked',
    actor_id: 'dr-lee',
    actor_type: 'user',
    grant_id,
    outcome_reason: 'the study has ended',
  })
}

function accessed(seq: number, fields: Partial<AuditRecord> = {}): AuditRecord {
  return plainRecord(seq, {
    action: 'data_accessed',
    agent_name: 'clinic-agent',
    resource_type: 'patient_record',
    resource_id: 'P-1',
    subject_ids: ['tok-1'],
    on_behalf_of: 'nurse',
    purpose: 'treatment',
    conversation_id: 'visit-1',
    ...fields,
  })
}

function verdictOn(access: AuditRecord, records: readonly AuditRecord[], nameOf = itself): Verdict {
  const how = touchedBy(access) ?? announcedBy(access) ?? assert.fail('no access')
  const ofAuthority = records.filter(({ action }) => action === 'access_granted' || action === 'access_revoked')
  return judgeAuthority(authorityOf(ofAuthority, nameOf), dataAccess(access, how, nameOf))
}

/** `covered`, the cause, and whatever else is told. */
function told(verdict: Verdict): readonly unknown[] {
  if (verdict.state === 'covered') return ['covered', verdict.grant.seq, ...verdict.notes]
  return [verdict.why, verdict.grant?.seq, ...(verdict.differs ?? [])]
}

const NARROW = {
  on_behalf_of: 'nurse',
  resource_id: 'P-1',
  subject_ids: ['tok-1', 'tok-2'],
  purpose: 'treatment',
  conversation_id: 'visit-1',
}

const CASES: readonly (readonly [name: string, records: AuditRecord[], access: AuditRecord, expected: unknown[]])[] = [
  ['under a grant of its whole scope', [granted(1, NARROW)], accessed(5), ['covered', 1]],
  ['under a grant that nothing narrows', [granted(1)], accessed(5), ['covered', 1]],
  ['without any grant', [], accessed(5), ['no-grant', undefined]],
  ['before its grant was recorded', [granted(6)], accessed(5), ['no-grant', undefined]],
  ['of another agent', [granted(1)], accessed(5, { agent_name: 'other' }), ['no-grant', undefined]],
  ['of another type', [granted(1)], accessed(5, { resource_type: 'letter' }), ['no-grant', undefined]],
  [
    'by an agent that only its actor names',
    [granted(1)],
    { ...accessed(5), agent_name: undefined } as never,
    ['covered', 1],
  ],
  [
    'for somebody else',
    [granted(1, NARROW)],
    accessed(5, { on_behalf_of: 'eve' }),
    ['outside-scope', 1, 'on_behalf_of'],
  ],
  ['to another thing', [granted(1, NARROW)], accessed(5, { resource_id: 'P-2' }), ['outside-scope', 1, 'resource_id']],
  [
    'about one person more',
    [granted(1, NARROW)],
    accessed(5, { subject_ids: ['tok-1', 'tok-9'] }),
    ['outside-scope', 1, 'subject_ids'],
  ],
  ['for another purpose', [granted(1, NARROW)], accessed(5, { purpose: 'research' }), ['outside-scope', 1, 'purpose']],
  [
    'in another conversation',
    [granted(1, NARROW)],
    accessed(5, { conversation_id: 'c' }),
    ['outside-scope', 1, 'conversation_id'],
  ],
  ['by writing', [granted(1)], accessed(5, { action: 'data_modified' }), ['outside-scope', 1, 'access']],
  [
    'by disclosing, which was granted',
    [granted(1, {}, { access: ['disclose'] })],
    accessed(5, { action: 'data_disclosed' }),
    ['covered', 1],
  ],
  ['before the period', [granted(1, {}, { valid_from: hour(6) })], accessed(5), ['before-period', 1]],
  ['at its first instant', [granted(1, {}, { valid_from: hour(5) })], accessed(5), ['covered', 1]],
  ['at its last instant', [granted(1, {}, { valid_until: hour(5) })], accessed(5), ['after-expiry', 1]],
  [
    'recorded after it, claimed within',
    [granted(1, {}, { valid_until: hour(5) })],
    accessed(5, { timestamp: hour(4) }),
    ['late', 1],
  ],
  [
    'claimed for a time to come',
    [granted(1, {}, { valid_from: hour(6) })],
    accessed(5, { timestamp: hour(7) }),
    ['before-period', 1],
  ],
  ['after the grant was revoked', [granted(1), revoked(4)], accessed(5), ['after-revocation', 1]],
  ['before the grant was revoked', [granted(1), revoked(6)], accessed(5), ['covered', 1]],
  [
    'after another grant was revoked',
    [granted(1), granted(2, { grant_id: 'G-2' }), revoked(4, 'G-2')],
    accessed(5),
    ['covered', 1],
  ],
  ['after it was granted anew', [granted(1), revoked(2), granted(3)], accessed(5), ['covered', 3]],
  [
    'by the id of a grant without a name',
    [{ ...granted(1), grant_id: undefined } as never, revoked(2, plainId(1))],
    accessed(5),
    ['after-revocation', 1],
  ],
  [
    'under the grant that it claims',
    [granted(1), granted(2, { grant_id: 'G-2' })],
    accessed(5, { grant_id: 'G-1' }),
    ['covered', 1],
  ],
  [
    'under the newest of several',
    [granted(1), granted(2, { conversation_id: 'visit-1' }), granted(3)],
    accessed(5),
    ['covered', 3],
  ],
  [
    'under one that came in time, where the one that it claims came afterwards',
    [granted(1, { grant_id: 'G-2' }), granted(3)],
    accessed(5, { timestamp: hour(2), grant_id: 'G-1' }),
    ['covered', 1],
  ],
  [
    'of the newest of several, the cause, whichever is narrower',
    [granted(1, { conversation_id: 'visit-1' }, { valid_until: hour(2) }), granted(2, {}, { valid_from: hour(9) })],
    accessed(5),
    ['before-period', 2],
  ],
  [
    'under another grant than it claims',
    [granted(1)],
    accessed(5, { grant_id: 'G-7' }),
    ['covered', 1, 'claims-other-grant'],
  ],
  [
    'claiming a grant that does not cover it',
    [granted(1, { resource_id: 'P-9' })],
    accessed(5, { grant_id: 'G-1' }),
    ['outside-scope', 1, 'resource_id'],
  ],
  [
    'claimed for before it was granted',
    [granted(3)],
    accessed(5, { timestamp: hour(2) }),
    ['covered', 3, 'granted-afterwards'],
  ],
  [
    'of the newest that fits, the cause',
    [granted(1, {}, { valid_until: hour(2) }), granted(2), revoked(4)],
    accessed(5),
    ['after-revocation', 2],
  ],
  [
    'of the nearest, where it differs',
    [granted(1, { purpose: 'x' }), granted(2, { purpose: 'x', resource_id: 'x' })],
    accessed(5),
    ['outside-scope', 1, 'purpose'],
  ],
]

for (const [name, records, access, expected] of CASES) {
  test(`an access is judged: ${name}`, () => assert.deepEqual(told(verdictOn(access, records)), expected))
}

test('a grant came afterwards where it was recorded more than a minute after the access', () => {
  const at = (seconds: number): AuditRecord => granted(1, { recorded_at: formatTimestamp(BEGINNING + seconds * 1000) })
  assert.deepEqual(told(verdictOn(accessed(5, { timestamp: hour(0) }), [at(60)])), ['covered', 1])
  assert.deepEqual(told(verdictOn(accessed(5, { timestamp: hour(0) }), [at(61)])), ['covered', 1, 'granted-afterwards'])
})

test('what was denied is no access, and a call is one where it has a resource', () => {
  assert.equal(touchedBy(accessed(1, { outcome: 'denied' })), undefined)
  assert.equal(touchedBy(accessed(1, { outcome: 'error' })), 'read')
  const call = plainRecord(1, { resource_type: 'patient_record' })
  assert.deepEqual([touchedBy(call), announcedBy(call)], [undefined, 'read'])
  assert.equal(announcedBy({ ...call, details: { access: 'write' } }), 'write')
  assert.equal(announcedBy({ ...call, outcome: 'denied' }), undefined)
  assert.equal(announcedBy(plainRecord(1, {})), undefined)
})

test('a grant that is none covers nothing, and is told', () => {
  const lies: readonly [AuditRecord, string][] = [
    [granted(1, { actor_id: 'clinic-agent' }), 'actor_id'],
    [granted(1, { actor_id: 'nurse', on_behalf_of: 'nurse' }), 'actor_id'],
    [granted(1, {}, { valid_until: 'never' }), 'details.valid_until'],
    [granted(1, {}, { access: [] }), 'details.access'],
    [granted(1, { outcome: 'denied' }), 'outcome'],
  ]
  for (const [grant, path] of lies) {
    assert.deepEqual(told(verdictOn(accessed(5), [grant])), ['no-grant', undefined])
    const { grants, ignored } = authorityOf([grant], itself)
    assert.deepEqual([grants, ignored.map(({ seq }) => seq)], [[], [1]])
    assert.ok(ignored[0]?.problem.startsWith(`${path}: `), ignored[0]?.problem)
  }
  const { ignored } = authorityOf([revoked(1), granted(2), revoked(3, 'G-2')], itself)
  assert.deepEqual(
    ignored.map(({ seq }) => seq),
    [1, 3],
  )
})

test('a person who stands under the id and under the token is one', () => {
  const nameOf = (id: string): string => (id === 'nurse' ? 'tok_nurse' : id)
  assert.deepEqual(told(verdictOn(accessed(5), [granted(1, { on_behalf_of: 'tok_nurse' })], nameOf)), ['covered', 1])
  const own = granted(1, { actor_id: 'nurse', on_behalf_of: 'tok_nurse' })
  assert.deepEqual(told(verdictOn(accessed(5), [own], nameOf)), ['no-grant', undefined])
})

// --- a second opinion ---

const few = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const scope = fc.record(
  {
    agent_name: few('a', 'a', 'a', 'b'),
    resource_type: few('x', 'x', 'x', 'y'),
    on_behalf_of: few('p', 'q'),
    resource_id: few('1', '2'),
    subject_ids: fc.subarray(['s', 't', 'u'], { minLength: 1 }),
    purpose: few('m', 'n'),
    conversation_id: few('c', 'd'),
  },
  { requiredKeys: ['agent_name', 'resource_type'], noNullPrototype: true },
)
/** Grants are mostly wide, so that many an access is covered. */
const wide = scope.map(({ agent_name, resource_type, on_behalf_of, subject_ids }) => ({
  agent_name,
  resource_type,
  ...(on_behalf_of === 'p' ? { on_behalf_of } : {}),
  ...(subject_ids === undefined || subject_ids.length < 3 ? {} : { subject_ids }),
}))
const names = few('G-1', 'G-2', 'G-3')
const period = fc
  .tuple(fc.nat(12), fc.integer({ min: 1, max: 24 }))
  .map(([from, length]) => ({ valid_from: hour(from), valid_until: hour(from + length) }))
const access = fc.subarray(['read', 'write', 'disclose'], { minLength: 1 })
const seldom = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined, freq: 2 })

type Event = (seq: number) => AuditRecord
const anyGrant: fc.Arbitrary<Event> = fc
  .tuple(fc.oneof(wide, scope), seldom(names), period, access)
  .map(([fields, grant_id, within, kinds]) => (seq) => {
    const { grant_id: _, ...grant } = granted(seq, fields, { ...within, access: kinds })
    return grant_id === undefined ? grant : { ...grant, grant_id }
  })
const anyRevocation: fc.Arbitrary<Event> = names.map((name) => (seq) => revoked(seq, name))
const anyAccess: fc.Arbitrary<Event> = fc
  .tuple(scope, seldom(names), few<Action>('data_accessed', 'data_modified', 'data_disclosed'), fc.nat(4))
  .map(([fields, grant_id, action, ago]) => (seq) => {
    const claimed = grant_id === undefined ? {} : { grant_id }
    return plainRecord(seq, {
      action,
      actor_id: 'x',
      actor_type: 'agent',
      timestamp: hour(seq - ago),
      ...fields,
      ...claimed,
    })
  })
const events = fc.array(
  fc.oneof({ weight: 4, arbitrary: anyGrant }, anyRevocation, { weight: 4, arbitrary: anyAccess }),
  { minLength: 4, maxLength: 24 },
)

function happened(made: readonly Event[]): readonly AuditRecord[] {
  return made.map((event, seq) => event(seq))
}

function isAccess(record: AuditRecord): boolean {
  return touchedBy(record) !== undefined
}

test('a naive reader of the page judges every access alike', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(events, (made) => {
      const records = happened(made)
      for (const one of records.filter(isAccess)) {
        const naive = naiveVerdict(records, one)
        const verdict = verdictOn(one, records)
        const expected = naive.covered
          ? ['covered', naive.seq, ...(naive.notes ?? [])]
          : [naive.why, naive.seq, ...(naive.differs ?? [])]
        assert.deepEqual(told(verdict), expected)
        seen.add(String(naive.covered ? ['covered', ...(naive.notes ?? [])].join(' ') : naive.why))
      }
    }),
    { numRuns: 2000 },
  )
  const causes = ['no-grant', 'outside-scope', 'after-revocation', 'before-period', 'after-expiry', 'late']
  for (const cause of [...causes, 'covered', 'covered claims-other-grant', 'covered granted-afterwards']) {
    assert.ok(seen.has(cause), `no access was ${cause}`)
  }
})

test('a grant more never takes cover away, and a revocation more never gives any', () => {
  fc.assert(
    fc.property(events, anyGrant, anyRevocation, fc.nat(16), (made, grant, revocation, at) => {
      const place = Math.min(at, made.length)
      // The seqs stay what they are: what is put in takes a place between two of them.
      const records = happened(made)
      const more = { ...grant(place), seq: place - 0.5 }
      const without = { ...revocation(place), seq: place - 0.5 }
      for (const one of records.filter(isAccess)) {
        const covered = isCovered(one, records)
        if (covered) assert.ok(isCovered(one, inserted(records, more)))
        else assert.ok(!isCovered(one, inserted(records, without)))
      }
    }),
    { numRuns: 500 },
  )
})

function isCovered(one: AuditRecord, records: readonly AuditRecord[]): boolean {
  const verdict = verdictOn(one, records)
  assert.equal(isFinding(verdict), verdict.state === 'uncovered' || verdict.notes.length > 0)
  return verdict.state === 'covered'
}

function inserted(records: readonly AuditRecord[], record: AuditRecord): readonly AuditRecord[] {
  return [...records, record].sort((one, other) => one.seq - other.seq)
}

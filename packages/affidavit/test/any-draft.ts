// Drafts as an honest caller could hand them in: every field, in any combination that the format allows.

import fc from 'fast-check'
import { formatTimestamp } from '../src/clock/clock.ts'
import { RECORDED_ANCHORS } from '../src/formats/anchors.ts'
import {
  ACCESSES,
  ACTIONS,
  ACTOR_TYPES,
  ASSURANCES,
  CLASSIFICATIONS,
  type Draft,
  OUTCOMES,
  RESERVED_ACTIONS,
} from '../src/formats/fields.ts'
import { anyText } from './any-text.ts'

/** An application's action that these drafts may carry. */
export const ANY_ACTION = 'clinic.referral_sent'

const STATED = [
  'subject_linked',
  'content_linked',
  'subject_unlinked',
  'record_reclassified',
  'record_amended',
] as const

/** Actions whose drafts have a form of their own. */
const FORMED: readonly string[] = [...STATED, 'retention_anchor_recorded', 'access_granted', 'access_revoked']

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,63}$/)
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
const id = fc
  .oneof(anyText({ minLength: 1, maxLength: 20 }), fc.constantFrom('a', '"', '\\', 'é', '😀', 'x'.repeat(256)))
  .map((text) => text.normalize('NFC'))
  .filter((text) => text.isWellFormed() && !hidden.test(text) && text.length > 0 && Buffer.byteLength(text) <= 256)
const uuid = fc.uuid({ version: [7, 8] })
const timestamp = fc
  .integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) })
  .map(formatTimestamp)
const digits = (count: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: count, maxLength: count })
const safe = (value: unknown): boolean =>
  typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)

/** JSON as `details` may hold it. */
const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).filter((value) => {
  const text = JSON.stringify(value)
  return !/\\u0000|\\ud|__proto__/.test(text) && numbersOf(value).every(safe)
})

function numbersOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value]
  return Object.values(value).flatMap(numbersOf)
}

const all = fc.record(
  {
    id: uuid,
    timestamp,
    outcome: fc.constantFrom(...OUTCOMES),
    outcome_reason: id,
    on_behalf_of: id,
    agent_name: id,
    agent_version: id,
    model: id,
    prompt_version: id,
    conversation_id: id,
    parent_id: uuid,
    subject_ids: fc.uniqueArray(id, { minLength: 1, maxLength: 4 }),
    purpose: id,
    grant_id: id,
    source: fc.record(
      { ip: id, host: id, service: id, trace_id: digits(32), span_id: digits(16) },
      { requiredKeys: [] },
    ),
    details: fc.dictionary(fc.string({ maxLength: 8 }).filter(safeKey), json, { maxKeys: 5 }),
    data_classification: fc.constantFrom(...CLASSIFICATIONS),
    compliance_domains: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
    retention_class: word,
    assurance: fc.constantFrom(...ASSURANCES),
  },
  { requiredKeys: [], noNullPrototype: true },
)

function safeKey(key: string): boolean {
  return key !== '__proto__' && !key.includes('\0')
}

const required = fc.record({
  action: fc.constantFrom(
    ANY_ACTION,
    ...ACTIONS.filter((action) => !RESERVED_ACTIONS.has(action) && !FORMED.includes(action)),
  ),
  actor_id: id,
  actor_type: fc.constantFrom(...ACTOR_TYPES),
})
const producer = fc.record({ producer_id: id, producer_seq: fc.maxSafeNat() })
const resource = fc.oneof(fc.record({ resource_type: word }), fc.record({ resource_type: word, resource_id: id }))

const anyOther: fc.Arbitrary<Draft> = fc
  .tuple(required, all, fc.option(producer, { nil: {} }), fc.option(resource, { nil: {} }))
  .map(([must, may, number, touched]) => ({ ...must, ...may, ...number, ...touched }))

/** What a late fact has beyond what others may have (spec/late-facts.md §1). */
const stated = fc.record({
  action: fc.constantFrom(...STATED),
  actor_type: fc.constantFrom('user', 'admin', 'system'),
  parent_id: uuid,
  subject_ids: fc.uniqueArray(id, { minLength: 2, maxLength: 4 }),
  model: id,
})
const MEMBERS: Readonly<Record<(typeof STATED)[number], fc.Arbitrary<{ [name: string]: unknown }>>> = {
  subject_linked: fc.record({ reason: id }),
  content_linked: fc.record(
    { reason: id, content: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }) },
    { requiredKeys: ['reason'], noNullPrototype: true },
  ),
  subject_unlinked: fc.record({ reason: id }),
  record_reclassified: fc.record(
    {
      reason: id,
      data_classification: fc.constantFrom(...CLASSIFICATIONS),
      compliance_domains: fc.uniqueArray(word, { maxLength: 3 }),
      retention_class: word,
    },
    { requiredKeys: ['reason', 'data_classification'], noNullPrototype: true },
  ),
  record_amended: fc.record(
    { reason: id, amends: fc.constant(['model']) },
    { requiredKeys: ['reason'], noNullPrototype: true },
  ),
}
const anyLateFact: fc.Arbitrary<Draft> = fc
  .tuple(anyOther, stated)
  .chain(([other, fact]) => MEMBERS[fact.action].map((details) => ({ ...other, ...fact, details })))

const scope = fc.oneof(
  fc.record({ parent_id: uuid }),
  fc.record({ conversation_id: id }),
  fc.record({ resource_type: word, resource_id: id }),
  fc.record({ subject_ids: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }) }),
)
const anyAnchor: fc.Arbitrary<Draft> = fc
  .tuple(
    anyOther,
    fc.record({
      action: fc.constant('retention_anchor_recorded'),
      actor_type: fc.constantFrom('user', 'admin', 'system'),
      details: fc
        .tuple(
          fc.record({ reason: id, anchor: fc.constantFrom(...RECORDED_ANCHORS) }),
          fc.oneof(fc.record({ day: timestamp.map((at) => at.slice(0, 10)) }), fc.constant({ open: 'yes' })),
        )
        .map(([said, day]) => ({ ...said, ...day })),
    }),
    scope,
  )
  .map(([{ parent_id, conversation_id, resource_type, resource_id, subject_ids, ...other }, fact, of]) => ({
    ...other,
    ...fact,
    ...of,
  }))

const anyGrant: fc.Arbitrary<Draft> = fc
  .tuple(
    anyOther,
    fc.record({
      action: fc.constant('access_granted'),
      outcome: fc.constant('success'),
      actor_id: fc.constant('approver'),
      actor_type: fc.constantFrom('user', 'admin'),
      agent_name: fc.constantFrom('clinic-agent', 'booking-agent'),
      on_behalf_of: fc.constantFrom('patient', 'nurse'),
      resource_type: word,
    }),
    fc.record({
      access: fc.uniqueArray(fc.constantFrom(...ACCESSES), { minLength: 1 }),
      valid_from: fc.constantFrom('1970-01-01T00:00:00.000Z', '2026-11-21T09:30:00.000Z'),
      valid_until: fc.constantFrom('2026-11-21T09:30:00.001Z', '9999-12-31T23:59:59.999Z'),
    }),
  )
  .map(([other, grant, details]) => ({ ...other, ...grant, details: { ...other.details, ...details } }))

export const anyDraft: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 5, arbitrary: anyOther },
  anyLateFact,
  anyAnchor,
  anyGrant,
)

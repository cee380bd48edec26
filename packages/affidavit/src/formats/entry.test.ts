import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { ANY_ACTION, anyDraft } from '../../test/any-draft.ts'
import { fromHex } from '../bytes/hex.ts'
import { canonicalJson, ENTRY_JSON, JsonFault, parseJson } from '../bytes/json.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { parseDraft, parseOwnDraft } from './draft.ts'
import {
  type Admission,
  canonicalDraft,
  canonicalFields,
  changedFields,
  type EntryPieces,
  entryPieces,
  entryText,
  type FieldTexts,
  type Place,
  parseEntry,
  SEQUENCED_BYTES,
} from './entry.ts'
import { type AuditRecord, type Draft, ENTRY_FIELDS, MAX_DRAFT_BYTES, MAX_ENTRY_BYTES } from './fields.ts'

interface Golden {
  written: {
    name: string
    draft: string
    admission: Admission
    place: Place
    entry: string
    integrity_hash: string
  }[]
  read: { name: string; entry: string; integrity_hash: string }[]
}

interface Refused {
  base: string
  edits: { name: string; find: string; put: string; code: string; problem: string }[]
  bytes: { name: string; hex: string; code: string; problem: string }[]
}

const golden: Golden = testdata('golden.json')
const refused: Refused = testdata('refused-entries.json')
const everything = golden.read[0]?.entry ?? assert.fail('no entry with every field')

function testdata<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../../testdata/entry/${name}`, import.meta.url), 'utf8'))
}

function sha256Leaf(text: string): string {
  return createHash('sha256').update('\0').update(text).digest('hex')
}

function recordOf(bytes: Uint8Array): object {
  const parsed = parseEntry(bytes)
  return 'entry' in parsed ? parsed.entry : assert.fail(parsed.fault.problem)
}

// As admission has them: sets are sorted.
function piecesOf(draft: Draft, fields: FieldTexts, admission: Admission): EntryPieces {
  const { subject_ids, compliance_domains } = draft
  const sets = {
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids].sort() }),
    ...(compliance_domains === undefined ? {} : { compliance_domains: [...compliance_domains].sort() }),
  }
  return entryPieces(changedFields(fields, sets), admission)
}

// --- golden bytes ---

for (const { name, draft, admission, place, entry, integrity_hash } of golden.written) {
  test(`written and read: ${name}`, () => {
    const parsed = draftOf(JSON.parse(draft))
    const fields = canonicalFields(parsed)
    assert.equal(canonicalDraft(fields), draft)
    assert.equal(entryText(piecesOf(parsed, fields, admission), place), entry)
    assert.equal(sha256Leaf(entry), integrity_hash)
    assert.equal(canonicalize(recordOf(utf8(entry))), entry)
  })
}

for (const { name, entry, integrity_hash } of golden.read) {
  test(`read: ${name}`, () => {
    assert.equal(canonicalize(recordOf(utf8(entry))), entry)
    assert.equal(sha256Leaf(entry), integrity_hash)
  })
}

function draftOf(value: Draft): Draft {
  if (value.action === 'logging_started') return parseOwnDraft(value)
  return parseDraft(value, { [ANY_ACTION]: { description: 'A patient was referred to another clinic.' } })
}

test('the golden entries show every field of the record, and no other', () => {
  assert.deepEqual(Object.keys(JSON.parse(everything)), Object.keys(ENTRY_FIELDS))
})

for (const { name, find, put, code, problem } of refused.edits) {
  test(`refused as an entry: ${name}`, () => {
    assert.equal(refused.base.split(find).length, 2, 'the place of the edit is ambiguous')
    assertRefused(utf8(refused.base.replace(find, () => put)), code, problem)
  })
}

for (const { name, hex, code, problem } of refused.bytes) {
  test(`refused as an entry: ${name}`, () => {
    assertRefused(fromHex(hex) ?? assert.fail('testdata'), code, problem)
  })
}

function assertRefused(bytes: Uint8Array, code: string, problem: string): void {
  const parsed = parseEntry(bytes)
  assert.ok('fault' in parsed, 'it was read')
  assert.equal(parsed.fault.code, code, parsed.fault.problem)
  assert.ok(parsed.fault.problem.includes(problem), `${parsed.fault.problem} does not say: ${problem}`)
}

test('the base of the refused entries is itself an entry', () => {
  assert.equal(refused.base, everything)
  recordOf(utf8(refused.base))
})

// --- sizes ---

test('an entry of 65,535 bytes is read, one of a byte more is not', () => {
  const filled = (bytes: number): Uint8Array => utf8(everything.replace('chart_summary', 'x'.repeat(bytes)))
  const room = MAX_ENTRY_BYTES - filled(0).length
  assert.equal(filled(room).length, MAX_ENTRY_BYTES)
  recordOf(filled(room))
  assertRefused(filled(room + 1), 'entry-not-v1', '65536 bytes; an entry has at most 65535')
})

test('the longest draft fits into an entry at any place', () => {
  const ledger = `${'"'.repeat(200)}/0123456789abcdef`
  const bare: Draft = { action: 'user_message_received', actor_id: 'a', actor_type: 'user', conversation_id: 'c' }
  const empty = canonicalDraft(canonicalFields({ ...bare, details: { a: '' } })).length
  const draft = parseDraft({ ...bare, details: { a: 'x'.repeat(MAX_DRAFT_BYTES - empty) } }, {})
  const fields = canonicalFields(draft)
  assert.equal(canonicalDraft(fields).length, MAX_DRAFT_BYTES)
  const pieces = piecesOf(draft, fields, {
    id: '0193f5a2-7c00-7abc-8def-000000000000',
    timestamp: '2026-11-21T09:30:00.123Z',
    ledger,
    salt: '0'.repeat(32),
    draft_commitment: 'f'.repeat(64),
  })
  const place: Place = {
    seq: Number.MAX_SAFE_INTEGER,
    previous_hash: 'f'.repeat(64),
    recorded_at: '2026-11-21T09:30:00.123Z',
    conversation: { seq: Number.MAX_SAFE_INTEGER, previous_hash: 'f'.repeat(64) },
  }
  const text = entryText(pieces, place)
  assert.ok(text.length <= MAX_ENTRY_BYTES, `${text.length} bytes`)
  assert.ok(text.length - pieces.join('').length <= SEQUENCED_BYTES)
  recordOf(utf8(text))
})

// --- laws ---

const admission: fc.Arbitrary<Admission> = fc.record({
  id: fc.uuid({ version: 7 }),
  timestamp: fc.constant('2026-11-21T09:30:00.123Z'),
  ledger: fc.constantFrom('clinic.example/agents/5f0c2a9be1d34876', 'ü"\\/0'),
  salt: fc.constant('5'.repeat(32)),
  draft_commitment: fc.constant('c'.repeat(64)),
})
const link = fc.record({ seq: fc.maxSafeNat(), previous_hash: fc.constantFrom('', 'b'.repeat(64)) })
const place = fc.record({ seq: fc.maxSafeNat(), conversation: link })

test('the text that is written in pieces is the canonical text of the whole record', () => {
  const actions = { [ANY_ACTION]: { description: 'x' } }
  fc.assert(
    fc.property(anyDraft, admission, place, (value, added, { seq, conversation }) => {
      const draft = parseDraft(value, actions)
      const fields = canonicalFields(draft)
      const at = { seq, previous_hash: 'a'.repeat(64), recorded_at: '2026-11-21T09:30:00.250Z' }
      const own = { ...added, id: draft.id ?? added.id, timestamp: draft.timestamp ?? added.timestamp }
      const linked = draft.conversation_id === undefined ? at : { ...at, conversation }
      const text = entryText(piecesOf(draft, fields, own), linked)
      const record = {
        assurance: 'recorded',
        data_classification: 'restricted',
        retention_class: 'default',
        ...value,
        ...own,
        ...at,
        ...(draft.conversation_id === undefined
          ? {}
          : { conversation_seq: conversation.seq, conversation_previous_hash: conversation.previous_hash }),
        ...(value.subject_ids === undefined ? {} : { subject_ids: [...value.subject_ids].sort() }),
        ...(value.compliance_domains === undefined ? {} : { compliance_domains: [...value.compliance_domains].sort() }),
        v: 1,
      }
      assert.equal(text, canonicalize(record))
      assert.equal(canonicalDraft(fields), canonicalize(value))
      assert.equal(canonicalize(recordOf(utf8(text))), text)
    }),
    { numRuns: 300 },
  )
})

/** What the strict parser alone says of bytes: the value of canonical text, or the code of a fault. */
function strictly(bytes: Uint8Array): { value: unknown } | { code: string } {
  const text = decodeUtf8(bytes)
  if (text === undefined) return { code: 'entry-not-json' }
  try {
    const value = parseJson(text, ENTRY_JSON)
    return canonicalJson(value, ENTRY_JSON) === text ? { value } : { code: 'entry-not-canonical' }
  } catch (error) {
    assert.ok(error instanceof JsonFault)
    return { code: 'entry-not-json' }
  }
}

function assertAgrees(bytes: Uint8Array): void {
  const strict = strictly(bytes)
  const parsed = parseEntry(bytes)
  if ('code' in strict)
    assert.ok('fault' in parsed && parsed.fault.code === strict.code, 'fault' in parsed ? parsed.fault.problem : 'read')
  else if ('entry' in parsed) assert.deepEqual(parsed.entry, strict.value)
  else assert.match(parsed.fault.code, /^(entry-not-v1|unknown-version)$/)
}

test('the quick reader agrees with the strict one on any JSON', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.boolean(), (text, canonical) => {
      const written = canonical ? (canonicalize(JSON.parse(text)) ?? text) : text
      assertAgrees(utf8(written))
      assertAgrees(utf8(`{"a":${written},"v":1}`))
    }),
    { numRuns: 500 },
  )
})

test('the quick reader agrees with the strict one on entries with one character edited', () => {
  const texts = [...golden.written, ...golden.read].map(({ entry }) => entry)
  const characters = [...'"\\{}[]:,.-+ 019aefntu\n\u007f\0é', '\\u0000', '\\ud800', '__proto__', '"a":1,', '1e5', '-0']
  const edit = fc.record({
    text: fc.constantFrom(...texts),
    at: fc.nat(),
    remove: fc.nat(1),
    insert: fc.constantFrom('', ...characters),
  })
  fc.assert(
    fc.property(edit, ({ text, at, remove, insert }) => {
      const from = at % (text.length + 1)
      assertAgrees(utf8(text.slice(0, from) + insert + text.slice(from + remove)))
    }),
    { numRuns: 10_000 },
  )
})

test('every single bit of an entry changes what is read, or that it is read at all', () => {
  const [first] = golden.written
  for (const text of [first?.entry ?? '', everything]) {
    const whole = recordOf(utf8(text))
    const hash = sha256Leaf(text)
    for (let bit = 0; bit < text.length * 8; bit++) {
      const bytes = Uint8Array.from(utf8(text))
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const parsed = parseEntry(bytes)
      if ('entry' in parsed) assert.notDeepEqual(parsed.entry, whole)
      assert.notEqual(createHash('sha256').update('\0').update(bytes).digest('hex'), hash)
    }
  }
})

test('no bytes make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(3), (bytes, from) => {
      parseEntry(bytes)
      const text = utf8(everything)
      parseEntry(Buffer.concat([text.subarray(0, from * 300), bytes, text.subarray(from * 300)]))
    }),
    { numRuns: 500 },
  )
})

// --- one table of fields ---

const RECORD: Record<Exclude<keyof AuditRecord, 'integrity_hash'>, true> = {
  v: true,
  ledger: true,
  seq: true,
  id: true,
  salt: true,
  timestamp: true,
  recorded_at: true,
  action: true,
  outcome: true,
  outcome_reason: true,
  actor_id: true,
  actor_type: true,
  on_behalf_of: true,
  agent_name: true,
  agent_version: true,
  model: true,
  prompt_version: true,
  producer_id: true,
  producer_seq: true,
  conversation_id: true,
  conversation_seq: true,
  conversation_previous_hash: true,
  parent_id: true,
  resource_type: true,
  resource_id: true,
  subject_ids: true,
  purpose: true,
  grant_id: true,
  source: true,
  details: true,
  content: true,
  data_classification: true,
  compliance_domains: true,
  retention_class: true,
  assurance: true,
  draft_commitment: true,
  previous_hash: true,
}

test('the table of fields has the fields of the type AuditRecord, in canonical order', () => {
  assert.deepEqual(Object.keys(ENTRY_FIELDS), Object.keys(RECORD).sort())
})

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { canonicalJson, ENTRY_JSON, type JsonValue, parseJson } from '../bytes/json.ts'
import { labelProblem } from '../bytes/label.ts'
import { canonicalDraft, canonicalFields, type OwnDraft, readBack, rewriteFields } from '../formats/entry.ts'
import { type Draft, ENTRY_FIELDS, MASKED_MEMBER, MAX_LABEL_BYTES, SOURCE_FIELDS } from '../formats/fields.ts'
import { lookStructured } from './look.ts'
import { createMetadataLook, type MaskedMetadata, maskMetadata } from './mask-metadata.ts'

const DRAFT: OwnDraft = { action: 'tool_completed', actor_id: 'triage-agent', actor_type: 'agent' }

const look = createMetadataLook()

function mask(fields: Partial<OwnDraft>): MaskedMetadata {
  return maskMetadata({ ...DRAFT, ...fields }, look)
}

test('details are masked in their places, and the places are told', () => {
  const { draft, masked, found } = mask({
    details: {
      note: 'ann@example.org called, SSN 123-45-6789',
      items: [{ memo: 'x' }, { memo: 4111111111111111 }],
      card: { number: '4222222222222', expiry: '12/27' },
      duration_ms: 42,
      ok: true,
      none: null,
    },
  })
  assert.deepEqual(draft.details, {
    note: '[email_address] called, SSN [us_ssn]',
    items: [{ memo: 'x' }, { memo: '[payment_card]' }],
    card: { number: '[payment_card]', expiry: '12/27' },
    duration_ms: 42,
    ok: true,
    none: null,
  })
  assert.deepEqual(masked, [
    { path: 'details.card.number', types: ['payment_card'] },
    { path: 'details.items[1].memo', types: ['payment_card'] },
    { path: 'details.note', types: ['email_address', 'us_ssn'] },
  ])
  assert.deepEqual(found, ['email_address', 'payment_card', 'us_ssn'])
})

test('keys are masked too, and two that become the same lose no member', () => {
  const details = { 'ann@example.org': { mrn: 12345 }, 'bob@example.org': 2, '[email_address]': 3 }
  const { draft, masked } = mask({ details })
  assert.deepEqual(draft.details, {
    '[email_address]': { mrn: '[medical_record_number]' },
    '[email_address] 2': 2,
    '[email_address] 3': 3,
  })
  assert.deepEqual(masked, [
    { path: 'details', types: ['email_address'] },
    { path: 'details["[email_address]"].mrn', types: ['medical_record_number'] },
  ])
})

test('sensitive authentication data is removed from metadata as it is from content', () => {
  const { draft, masked, found } = mask({ purpose: 'charge 4111111111111111, CVV 123', details: { pin: '1234' } })
  assert.equal(draft.purpose, 'charge [payment_card], CVV [removed: card_verification_value]')
  assert.deepEqual(draft.details, { pin: '[removed: card_pin]' })
  assert.deepEqual(masked, [
    { path: 'details.pin', types: ['card_pin'] },
    { path: 'purpose', types: ['card_verification_value', 'payment_card'] },
  ])
  assert.deepEqual(found, ['card_pin', 'card_verification_value', 'payment_card'])
})

const LABELS = ['agent_name', 'agent_version', 'model', 'outcome_reason', 'prompt_version', 'purpose'] as const
const IDS = ['actor_id', 'conversation_id', 'grant_id', 'on_behalf_of', 'producer_id', 'resource_id'] as const
const ADDRESS = 'ann@example.org'

test('every label of a draft is masked in its place, and every id is named and stays', () => {
  const kindsOf = (kind: string) =>
    Object.entries(ENTRY_FIELDS).flatMap(([name, field]) =>
      field.kind === kind && field.set === 'caller' ? [name] : [],
    )
  assert.deepEqual(kindsOf('label'), LABELS)
  assert.deepEqual(kindsOf('id'), IDS)
  for (const name of LABELS) {
    const { draft, masked, personal } = mask({ [name]: `by ${ADDRESS}` })
    assert.equal(draft[name], 'by [email_address]')
    assert.deepEqual([masked, personal.size], [[{ path: name, types: ['email_address'] }], 0])
  }
  for (const name of IDS) {
    const given = { ...DRAFT, [name]: ADDRESS }
    const { draft, masked, personal, found } = maskMetadata(given, lookStructured)
    assert.equal(draft, given)
    assert.deepEqual([masked, [...personal], found], [[], [name], []])
  }
})

test('of a source, host and service are masked; its address is declared to be one', () => {
  const labels = Object.entries(SOURCE_FIELDS).flatMap(([name, kind]) => (kind === 'label' ? [name] : []))
  assert.deepEqual(labels, ['host', 'ip', 'service'])
  const source = { ip: '203.0.113.7', host: '203.0.113.8', service: ADDRESS, trace_id: '4'.repeat(32) }
  const { draft, masked } = mask({ source })
  assert.deepEqual(draft.source, { ...source, host: '[ip_address]', service: '[email_address]' })
  assert.deepEqual(masked, [
    { path: 'source.host', types: ['ip_address'] },
    { path: 'source.service', types: ['email_address'] },
  ])
})

test('the name of a field is the word before its text: a version is no address', () => {
  const { draft } = mask({ agent_version: '10.1.2.3', prompt_version: '10.1.2.3', model: 'gpt-4o-2024-08-06' })
  assert.equal(draft.agent_version, '10.1.2.3')
  assert.equal(draft.prompt_version, '10.1.2.3')
  assert.equal(draft.model, 'gpt-4o-2024-08-06')
})

test('a masked label is a label still: what is more than it may have is cut off', () => {
  for (const text of [
    'a@b.co,'.repeat(36),
    `${'a@b.co '.repeat(20)}${'é'.repeat(50)}`,
    `${'a@b.co '.repeat(14)}😀${'😀'.repeat(38)}`,
  ]) {
    assert.equal(labelProblem(text, MAX_LABEL_BYTES), undefined)
    const { draft } = mask({ purpose: text })
    assert.ok(draft.purpose?.startsWith('[email_address]') && draft.purpose.endsWith('…'))
    assert.equal(labelProblem(draft.purpose ?? '', MAX_LABEL_BYTES), undefined)
  }
  assert.equal(mask({ purpose: `${ADDRESS} ${'x'.repeat(240)}` }).draft.purpose, `[email_address] ${'x'.repeat(240)}`)
})

test('a draft in which nothing is found is the same draft', () => {
  const draft: OwnDraft = {
    ...DRAFT,
    id: '019a3c7f-0123-7123-8123-0123456789ab',
    conversation_id: 'c-1042',
    resource_id: '4111',
    source: { ip: '203.0.113.7', host: 'web-1' },
    details: { digest: '0123456789abcdef'.repeat(4), at: '2026-11-21T09:30:00.000Z', sizes: [1, 2, 3], note: 'fine' },
  }
  const { draft: kept, masked, personal, found } = maskMetadata(draft, lookStructured)
  assert.equal(kept, draft)
  assert.deepEqual([masked, personal.size, found], [[], 0, []])
})

test('what is told of many places is short, counts the others, and quotes no value', () => {
  const details = Object.fromEntries(
    Array.from({ length: 400 }, (_, i) => [`m${String(i).padStart(3, '0')}`, `${i}@b.co`]),
  )
  const { masked } = mask({ details: { ...details, last: 'mrn 12345' } })
  assert.equal(masked.length, 51)
  assert.deepEqual(masked[0], { path: 'details.last', types: ['medical_record_number'] })
  assert.deepEqual(masked[50], { path: '…', types: ['email_address'], more: 351 })
  assert.equal(mask({ details: Object.fromEntries(Object.entries(details).slice(0, 50)) }).masked.length, 50)
})

test('a path is short, whatever the keys are', () => {
  let details: { [key: string]: JsonValue } = { [`${'😀'.repeat(500)}`]: ADDRESS }
  for (let i = 0; i < 20; i++) details = { [`key${'x'.repeat(1000)}`]: details }
  const [{ path = '' } = {}] = mask({ details }).masked
  assert.ok(path.length <= 129 && path.isWellFormed() && path.endsWith('…'), path)
  const [{ path: half = '' } = {}] = mask({ details: { [`x${'😀'.repeat(500)}`]: ADDRESS } }).masked
  assert.equal(half, `details["x${'😀'.repeat(19)}…"]`)
  const [{ path: below = '' } = {}] = mask({ details: { ['k'.repeat(100)]: { b: ADDRESS } } }).masked
  assert.equal(below, `details["${'k'.repeat(40)}…"].b`)
})

/** What admission does: the caller's object is read once, and what was read is checked, committed to, and masked. */
function admit(draft: Draft): { received: string; kept: string } {
  const fields = canonicalFields(draft)
  const own = readBack(draft, fields)
  const { draft: masked } = maskMetadata(own, lookStructured)
  return { received: canonicalDraft(fields), kept: canonicalDraft(rewriteFields(fields, own, masked)) }
}

test('what was read once is what is masked: a getter has no second answer to give', () => {
  let reads = 0
  const details = {
    get note(): string {
      return ++reads === 1 ? 'fine' : ADDRESS
    },
  }
  const { received, kept } = admit({ ...DRAFT, details })
  assert.equal(reads, 1)
  assert.equal(received, kept)
  assert.ok(kept.includes('"note":"fine"'))
})

test('the commitment covers what was received, and the entry gets what was masked, canonical and without a value found', () => {
  const value = fc.oneof(
    fc.constantFrom(
      '4111 1111 1111 1111',
      '123-45-6789',
      ADDRESS,
      'mrn 12345',
      'CVV 123',
      4111111111111111,
      12345,
      1.5,
      null,
    ),
    fc.string({ unit: 'grapheme' }),
  )
  const key = fc.constantFrom('ssn', 'mrn', 'pin', 'note', 'a b', ADDRESS, 'card', 'number', 'constructor')
  const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      value,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(key, tree, { noNullPrototype: true }), (details) => {
      const draft = { ...DRAFT, details, purpose: `for ${ADDRESS}` }
      if (canonicalJson(details, { ...ENTRY_JSON, nul: 'allowed' }).includes('\\u0000')) return
      const { received, kept } = admit(draft)
      assert.equal(received, canonicalJson(draft, ENTRY_JSON))
      assert.equal(canonicalJson(parseJson(kept, ENTRY_JSON), ENTRY_JSON), kept)
      assert.ok(!kept.includes(ADDRESS) && !kept.includes('123-45-6789'))
    }),
    { numRuns: 500 },
  )
})

test('without details nothing is read back; what is not masked is not written again', () => {
  const fields = canonicalFields(DRAFT)
  const own = readBack(DRAFT, fields)
  assert.deepEqual(own, DRAFT)
  assert.ok(!Object.hasOwn(own, 'details'))
  assert.deepEqual(rewriteFields(fields, own, own), fields)
})

test('the longest details are masked, whatever they hold', () => {
  const many = Array.from({ length: 31_000 }, (_, i) => i % 10)
  let deep: JsonValue = ADDRESS
  for (let i = 0; i < 29; i++) deep = [deep]
  const { draft, masked } = mask({ details: { many, [`cvv${'x'.repeat(100)}`]: [7], deep } })
  assert.equal(draft.details?.many, many)
  assert.deepEqual(masked, [{ path: `details.deep${'[0]'.repeat(29)}`, types: ['email_address'] }])
  assert.equal(MASKED_MEMBER in (draft.details ?? {}), false)
})

// Drafts that may wait on disk (spec/spool.md §2), made by the ledger that they wait for.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import type { Ledger } from './ledger.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-spoolable-'))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const CARD = 'card 4111 1111 1111 1111, CVV 123, thanks'
const CLEANED = 'card 4111 1111 1111 1111, CVV [removed: card_verification_value], thanks'

let ledger: Ledger
before(async () => {
  await initLedger(join(root, 'ledger'), { origin: 'spool.example/agents' })
  ledger = await openFolder(join(root, 'ledger'), { publish: QUIET, clock: fixedClock() })
})
after(async () => {
  await ledger.close()
  rmSync(root, { recursive: true, force: true })
})

let drafts = 0
function call(fields: Partial<Draft> = {}): Draft & { id: string } {
  return {
    id: `01a1fc50-5200-7000-8000-${String(drafts++).padStart(12, '0')}`,
    timestamp: '2026-11-21T09:30:00.000Z',
    action: 'tool_completed',
    actor_id: 'agent-1',
    actor_type: 'agent',
    ...fields,
  }
}

async function bodiesOf(draft: Draft): Promise<string[]> {
  const { draft: cleaned } = await ledger.spoolable(draft)
  return (cleaned.content ?? []).map(({ body }) => Buffer.from(body).toString('utf8'))
}

describe('what may not be kept even sealed is removed, and said to be', () => {
  test('from details, labels and every content; the rest stays as it was handed in', async () => {
    const draft = call({
      subject_ids: ['pat-1'],
      outcome_reason: 'my PIN is 4821',
      details: { note: CARD, ssn: '536-22-8726', card: { cvv: 737 } },
      content: [
        { name: 'message', media_type: 'text/plain', body: CARD, subject_ids: ['pat-2'] },
        { name: 'arguments', media_type: 'application/json', body: '{"cvv": "123", "ssn": "536-22-8726"}' },
      ],
    })
    const { draft: cleaned, changed } = await ledger.spoolable(draft)
    const { content = [], ...fields } = cleaned
    assert.equal(changed, true)
    const { content: _, ...given } = draft
    assert.deepEqual(fields, {
      ...given,
      outcome_reason: 'my PIN is [removed: card_pin]',
      details: {
        note: CLEANED,
        ssn: '536-22-8726',
        card: { cvv: '[removed: card_verification_value]' },
        removed_before_spool: [
          { path: 'details.card.cvv', types: ['card_verification_value'] },
          { path: 'details.note', types: ['card_verification_value'] },
          { path: 'outcome_reason', types: ['card_pin'] },
          { path: 'content.message', types: ['card_verification_value'] },
          { path: 'content.arguments', types: ['card_verification_value'] },
        ],
      },
    })
    assert.deepEqual(
      content.map(({ body, ...words }) => ({ ...words, body: Buffer.from(body).toString() })),
      [
        { name: 'message', media_type: 'text/plain', body: CLEANED, subject_ids: ['pat-2'] },
        {
          name: 'arguments',
          media_type: 'application/json',
          body: '{"cvv": "[removed: card_verification_value]", "ssn": "536-22-8726"}',
        },
      ],
    )
  })

  test('also from files and from bodies that are read in pieces', async () => {
    const long = `${'word '.repeat(60_000)}${CARD}`
    for (const body of [new Blob([long]), Buffer.from(long), long]) {
      const [kept] = await bodiesOf(call({ content: [{ name: 'result', media_type: 'text/plain', body }] }))
      assert.ok(kept === long.replace(CARD, CLEANED))
    }
  })

  test('from the reason of a late fact, whose details are fixed', async () => {
    const draft = call({
      action: 'record_reclassified',
      actor_type: 'admin',
      parent_id: '01a1fc50-5200-7000-8000-ffffffffffff',
      details: { reason: CARD, data_classification: 'restricted' },
    })
    const { draft: cleaned } = await ledger.spoolable(draft)
    assert.deepEqual(cleaned.details, { reason: CLEANED, data_classification: 'restricted' })
    await ledger.spoolable(cleaned)
  })

  test('under another name where the details have a member of that name', async () => {
    const { draft } = await ledger.spoolable(call({ details: { removed_before_spool: 'mine', pin: 'PIN 4821' } }))
    assert.deepEqual(draft.details, {
      removed_before_spool: 'mine',
      pin: 'PIN [removed: card_pin]',
      'removed_before_spool 2': [{ path: 'details.pin', types: ['card_pin'] }],
    })
  })
})

test('of a draft without such data nothing is changed', async () => {
  const bytes = Uint8Array.of(0xff, 0, 1, 2)
  const draft = call({
    details: { ssn: '536-22-8726', list: [1, null] },
    content: [{ name: 'image', media_type: 'image/png', body: bytes }],
  })
  const spoolable = await ledger.spoolable(draft)
  assert.deepEqual(spoolable, {
    changed: false,
    draft: { ...draft, content: [{ name: 'image', media_type: 'image/png', body: Buffer.from(bytes) }] },
  })
})

test('a draft without id or time gets them, and is another one then', async () => {
  const { id, timestamp, ...bare } = call()
  const { draft, changed } = await ledger.spoolable(bare)
  assert.equal(changed, true)
  assert.match(draft.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  assert.deepEqual(draft, { ...bare, id: draft.id, timestamp: draft.timestamp })
  await ledger.append(draft)
  assert.equal(await ledger.isRecorded(draft.id), true)
  assert.equal(await ledger.isRecorded(id), false)
})

test('it is out of its caller’s hands', async () => {
  const details = { count: 1 }
  const body = Buffer.from('word '.repeat(100_000))
  const draft = call({ details, content: [{ name: 'result', media_type: 'text/plain', body: body.subarray(0, 100) }] })
  const taken = ledger.spoolable(draft)
  details.count = 2
  body.fill('x')
  draft.actor_id = 'somebody-else'
  const { draft: spoolable } = await taken
  assert.equal(spoolable.actor_id, 'agent-1')
  assert.deepEqual(spoolable.details, { count: 1 })
  assert.equal(Buffer.from(spoolable.content?.[0]?.body ?? []).toString(), 'word '.repeat(20))
})

test('a retry of what was handed in is a duplicate of what waited, and the other way round', async () => {
  const content = [
    { name: 'message', media_type: 'text/plain', body: 'Hello, 536-22-8726' },
    { name: 'file', media_type: 'application/json', body: new Blob(['{"a": 1}']) },
  ]
  const waited = call({ details: { b: 1, a: 2 }, subject_ids: ['pat-2', 'pat-1'], content })
  const { draft } = await ledger.spoolable(waited)
  assert.equal((await ledger.append(draft)).state, 'recorded')
  assert.equal((await ledger.append(waited)).state, 'duplicate')
  const recorded = call({ details: { b: 1 }, content })
  await ledger.append(recorded)
  assert.equal((await ledger.append((await ledger.spoolable(recorded)).draft)).state, 'duplicate')
})

describe('what an append refuses is refused with the same error', () => {
  const circle: { details?: unknown } = {}
  circle.details = circle
  for (const [what, fields] of Object.entries({
    'a field that is none': { colour: 'red' },
    'a reserved action': { action: 'key_rotated' },
    'an action that was not declared': { action: 'clinic.referral_sent' },
    'details that only the ledger writes': { details: { masked: [] } },
    'details without a canonical form': { details: { at: new Date(0) } },
    'details that are too long': { details: { text: 'x'.repeat(70_000) } },
    'a cycle': circle,
    'a name of a content that holds an identifier': {
      content: [{ name: '536-22-8726', media_type: 'text/plain', body: '' }],
    },
    'half a surrogate pair': { content: [{ name: 'a', media_type: 'text/plain', body: '\ud800' }] },
    'a late fact without its reason': { action: 'subject_linked', subject_ids: ['a', 'b'], details: {} },
  })) {
    test(what, async () => {
      const draft = { ...call(), ...fields } as Draft
      const errors = await Promise.all([
        ledger.append(draft).then(nothingRefused, (error: unknown) => error),
        ledger.spoolable(draft).then(nothingRefused, (error: unknown) => error),
      ])
      const [of, also] = errors.map((error) => {
        assert.ok(error instanceof LedgerError)
        return { code: error.code, message: error.message, path: error.path }
      })
      assert.deepEqual(also, of)
    })
  }

  test('a draft that becomes too long when something is removed', async () => {
    const details = Object.fromEntries(Array.from({ length: 3_500 }, (_, i) => [`k${i}`, 'PIN 4821']))
    await assert.rejects(ledger.spoolable(call({ details })), { code: 'draft-too-large' })
  })
})

function nothingRefused(): never {
  return assert.fail('nothing was refused')
}

// Draft commitments (spec/entry.md §6): golden digests, and what tells a retry from a conflict.

import assert from 'node:assert/strict'
import { createHmac, createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { ANY_ACTION, anyDraft } from '../../test/any-draft.ts'
import { fromHex } from '../bytes/hex.ts'
import { canonicalJson, ENTRY_JSON } from '../bytes/json.ts'
import type { Draft } from '../formats/fields.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { type PlainAdmission, plainAdmission } from '../testing/plain-admission.ts'

interface Golden {
  digest_key: string
  written: { name: string; draft: string; admission: { id: string; ledger: string; draft_commitment: string } }[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('../../testdata/entry/golden.json', import.meta.url), 'utf8'))
const KEY = fromHex(golden.digest_key) ?? assert.fail('testdata')
const LEDGER = 'clinic.example/agents/5f0c2a9be1d34876'
const ID = '0193f5a2-7c00-7abc-8def-000000000000'
const BARE: Draft = { id: ID, action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' }

function admissionOf(ledger: string, key: Uint8Array = KEY): PlainAdmission {
  const actions = { [ANY_ACTION]: { description: 'A patient was referred to another clinic.' } }
  return plainAdmission({ ledger, commitmentKey: createSecretKey(key), actions, clock: fixedClock() })
}

function commitment(draft: unknown, ledger: string = LEDGER, key?: Uint8Array): string {
  return admissionOf(ledger, key).admit(draft).draft_commitment
}

function hmac(message: string): string {
  return createHmac('sha256', KEY).update(message).digest('hex')
}

for (const { name, draft, admission } of golden.written) {
  test(`the commitment of a draft: ${name}`, () => {
    const { ledger, id, draft_commitment } = admission
    assert.equal(hmac(`affidavit draft v1\n${ledger}\n${id}\n${draft}`), draft_commitment)
    const received: Draft = JSON.parse(draft)
    // Where the draft has no id, the one that admission makes is random: then the message is checked with that one.
    const prepare = received.action === 'logging_started' ? admissionOf(ledger).admitOwn : admissionOf(ledger).admit
    const prepared = prepare(received)
    assert.equal(prepared.draft_commitment, hmac(`affidavit draft v1\n${ledger}\n${prepared.id}\n${draft}`))
    if (received.id !== undefined) assert.equal(prepared.draft_commitment, draft_commitment)
  })
}

test('a retry has the commitment of the first try, however its keys are ordered and whenever it comes', () => {
  const draft = { ...BARE, details: { b: 1, a: [0.1] } }
  const { actor_type, ...rest } = draft
  assert.equal(commitment({ actor_type, ...rest, details: { a: [0.1], b: 1 }, outcome: undefined }), commitment(draft))
})

test('what was not said is not said by a default', () => {
  const said = { ...BARE, assurance: 'recorded', data_classification: 'restricted', retention_class: 'default' }
  assert.notEqual(commitment(said), commitment(BARE))
})

test('a set is committed to as received, in its order', () => {
  assert.notEqual(commitment({ ...BARE, subject_ids: ['a', 'b'] }), commitment({ ...BARE, subject_ids: ['b', 'a'] }))
})

test('another ledger, another id and another key give another commitment', () => {
  const others = [
    commitment(BARE, 'clinic.example/agents/0000000000000000'),
    commitment({ ...BARE, id: ID.replace('0', '1') }),
    commitment(BARE, LEDGER, new Uint8Array(32)),
  ]
  assert.equal(new Set([commitment(BARE), ...others]).size, 4)
})

test('two drafts have one commitment exactly where their canonical text is one', () => {
  fc.assert(
    fc.property(anyDraft, anyDraft, (a, b) => {
      const [one, other] = [
        { ...a, id: ID },
        { ...b, id: ID },
      ]
      const same = canonicalJson(one, ENTRY_JSON) === canonicalJson(other, ENTRY_JSON)
      assert.equal(commitment(one) === commitment(other), same)
      assert.equal(commitment(one), commitment(structuredClone(one)))
    }),
    { numRuns: 50 },
  )
})

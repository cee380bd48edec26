import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import { canonicalJson, ENTRY_JSON, JsonFault } from '../bytes/json.ts'
import { parseDraft, parseOwnDraft } from './draft.ts'
import { DraftFault } from './draft-fault.ts'
import { canonicalDraft, canonicalFields } from './entry.ts'
import type { Draft } from './fields.ts'
import { AMENDABLE_FIELDS, readLateFact } from './late-facts.ts'

interface Drafts {
  readonly admitted: readonly { readonly name: string; readonly draft: Draft }[]
  readonly lies: readonly {
    readonly name: string
    readonly draft: Draft
    readonly path: string
    readonly problem: string
  }[]
}

const { admitted, lies }: Drafts = JSON.parse(
  readFileSync(new URL('../../testdata/late-facts/drafts.json', import.meta.url), 'utf8'),
)

for (const { name, draft, path, problem } of lies) {
  test(`refused as a late fact: ${name}`, () => {
    for (const admit of [() => parseDraft(draft, {}), () => parseOwnDraft(draft)]) {
      assert.throws(admit, (error: unknown) => {
        assert.ok(error instanceof DraftFault, String(error))
        assert.deepEqual([error.path, error.message.includes(problem)], [path, true], error.message)
        return true
      })
    }
  })
}

describe('each is admitted in its form', () => {
  for (const { name, draft } of admitted) {
    test(name, () => {
      assert.equal(canonicalDraft(canonicalFields(parseDraft(draft, {}))), canonicalJson(draft, ENTRY_JSON))
      assert.equal(readLateFact(draft)?.action, draft.action)
    })
  }
})

test('an agent states none of them, a user, an admin and a system each', () => {
  for (const { draft } of admitted) {
    assert.throws(() => parseDraft({ ...draft, actor_type: 'agent' }, {}), { path: 'actor_type' })
    for (const actor_type of ['user', 'admin', 'system']) parseDraft({ ...draft, actor_type }, {})
  }
})

test('what a record says of its own classification is no reclassification', () => {
  const [fact] = admitted.filter(({ name }) => name === 'record_reclassified')
  const read = readLateFact({ ...(fact?.draft ?? assert.fail()), data_classification: 'restricted' })
  assert.equal(read?.action === 'record_reclassified' && read.data_classification, 'internal')
})

test('each field that can be amended is amended by its own field', () => {
  const values = { ...Object.fromEntries(AMENDABLE_FIELDS.map((name) => [name, 'x'])), outcome: 'denied' } as const
  const bare = { action: 'record_amended', actor_id: 'dr-lee', actor_type: 'user' } as const
  const parent_id = '0193f5a2-7bff-7f00-8000-000000000029'
  const draft = { ...bare, ...values, parent_id, details: { reason: 'x', amends: [...AMENDABLE_FIELDS] } }
  const read = readLateFact(parseDraft(draft, {}))
  assert.deepEqual(read?.action === 'record_amended' && read.amends, values)
})

test('other actions may have any details and any actor', () => {
  const draft: Draft = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', details: { reason: 7 } }
  assert.deepEqual(parseDraft(draft, {}), draft)
  assert.equal(readLateFact(draft), undefined)
})

// --- a caller's object is read once ---

test('details that answer anew each time are admitted as they were judged', () => {
  let reads = 0
  const details = Object.defineProperty({}, 'reason', { get: () => (++reads === 1 ? 'why' : 7), enumerable: true })
  const draft = { ...(admitted[0]?.draft ?? assert.fail()), details }
  const text = canonicalDraft(canonicalFields(parseDraft(draft, {})))
  assert.deepEqual([reads, text.includes('"details":{"reason":"why"}')], [1, true])
})

test('details that change after they were judged stay as they were', () => {
  const draft = structuredClone(admitted[0]?.draft ?? assert.fail())
  const parsed = parseDraft(draft, {})
  Object.assign(draft.details ?? {}, { reason: 7 })
  assert.deepEqual(parsed, admitted[0]?.draft)
})

test('details of a late fact that have no canonical form are refused with their place', () => {
  const draft = admitted[0]?.draft ?? assert.fail()
  for (const [details, path] of [
    [{ reason: 1n }, 'details.reason'],
    [new Proxy([], {}), 'details'],
    [new Map(), 'details'],
  ] as const) {
    const isFault = (error: unknown): boolean =>
      (error instanceof DraftFault || error instanceof JsonFault) && error.path === path
    assert.throws(() => parseDraft({ ...draft, details }, {}), isFault)
  }
  const long = { ...draft, details: { reason: 'x'.repeat(70_000) } }
  assert.throws(() => parseDraft(long, {}), { name: 'JsonFault', kind: 'too-long' })
})

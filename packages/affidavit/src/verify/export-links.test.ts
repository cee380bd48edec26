import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'

import { rewritten, SAMPLE_ORIGIN, sampleLog } from '../../test/sample-log.ts'
import { toHex } from '../bytes/hex.ts'
import { parseEntry } from '../formats/entry.ts'
import type { ExportQuery } from '../formats/export.ts'
import type { Draft } from '../formats/fields.ts'
import { leafHash } from '../merkle/hash.ts'
import type { Entry } from './entries.ts'
import { createExportLinks } from './export-links.ts'
import { fitsQuery } from './export-query.ts'
import { createFindings, type Finding } from './finding.ts'

function entryOf(bytes: Uint8Array): Entry {
  const parsed = parseEntry(bytes)
  return 'entry' in parsed ? parsed.entry : assert.fail(parsed.fault.problem)
}

const drafts = (conversations: readonly string[]): Partial<Draft>[] =>
  conversations.map((conversation_id) => (conversation_id === '' ? {} : { conversation_id }))

interface Heard {
  /** What stands in the log, by seq. */
  readonly entries: readonly Uint8Array[]
  /** Which of it is heard; the others are passed over, as missing or altered ones are. */
  readonly heard?: (seq: number) => boolean
  readonly query?: ExportQuery
  readonly remembered?: number
  /** Which entry the line at an offset is. */
  readonly lineOf?: (offset: number) => number
}

/** Hears entries as a verifier does; the line of an entry is taken to begin at its seq. */
function hear({
  entries,
  heard = () => true,
  query = {},
  remembered = 50_000,
  lineOf = (offset) => offset,
}: Heard): readonly Finding[] {
  const findings = createFindings()
  const reread = (offset: number): { place: Entry; hash: string } | undefined => {
    const bytes = entries[lineOf(offset)]
    return bytes && { place: entryOf(bytes), hash: toHex(leafHash(bytes)) }
  }
  const links = createExportLinks({ origin: SAMPLE_ORIGIN, query, findings, reread, remembered })
  let previous_hash = ''
  for (const [seq, bytes] of entries.entries()) {
    const hash = toHex(leafHash(bytes))
    if (heard(seq)) links.follow({ seq, hash, previous_hash, entry: entryOf(bytes), offset: seq })
    else links.pass(leafHash(bytes))
    previous_hash = hash
  }
  return findings.first
}

const honest = sampleLog(drafts(['a', 'b', 'a', '', 'b', 'a', 'c', 'a'])).map(({ entry }) => entry)

function lieAt(seq: number, changes: { readonly [field: string]: unknown }): Uint8Array[] {
  return honest.map((entry, i) => (i === seq ? rewritten(entry, changes) : entry))
}

test('an honest log is heard without objection', () => {
  assert.deepEqual(hear({ entries: honest }), [])
})

test('conversations that are remembered, put aside and looked up again are the same', () => {
  const conversation = fc.constantFrom('a', 'b', 'c', 'd', 'e', '')
  fc.assert(
    fc.property(fc.array(conversation, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (ids, remembered) => {
      const entries = sampleLog(drafts(ids)).map(({ entry }) => entry)
      assert.deepEqual(hear({ entries, remembered }), [])
    }),
    { numRuns: 60 },
  )
})

test('what stands at the place of another conversation is not taken for this one', () => {
  const entries = sampleLog(drafts(['a', 'b', 'c', 'a'])).map(({ entry }) => entry)
  const found = hear({ entries, remembered: 1, lineOf: () => 1 })
  assert.deepEqual(
    found.map(({ code, seq, problem }) => [code, seq, problem]),
    [['conversation-broken', 3, 'the conversation has no entry 0']],
  )
})

test('whatever is left out of an honest log, what is heard is not accused', () => {
  const conversation = fc.constantFrom('a', 'b', 'c', '')
  fc.assert(
    fc.property(fc.array(conversation, { maxLength: 40 }), fc.infiniteStream(fc.boolean()), (ids, keep) => {
      const entries = sampleLog(drafts(ids)).map(({ entry }) => entry)
      const kept = entries.map(() => keep.next().value)
      for (const query of [{}, { from_seq: 0 }]) {
        assert.deepEqual(hear({ entries, query, heard: (seq) => kept[seq] === true, remembered: 2 }), [])
      }
    }),
    { numRuns: 60 },
  )
})

describe('found', () => {
  const cases: [name: string, seq: number, changes: { [field: string]: unknown }, codes: string[]][] = [
    ['an entry of another ledger', 3, { ledger: 'elsewhere.example/x' }, ['wrong-ledger']],
    ['an entry that names another seq', 3, { seq: 9 }, ['wrong-seq']],
    ['a link to another entry', 3, { previous_hash: 'ab'.repeat(32) }, ['chain-broken']],
    ['a first entry with a link', 0, { previous_hash: 'ab'.repeat(32) }, ['chain-broken']],
    ['time that runs backwards', 3, { recorded_at: '2020-01-01T00:00:00.000Z' }, ['time-reversed']],
    ['a conversation with another hash', 5, { conversation_previous_hash: 'ab'.repeat(32) }, ['conversation-broken']],
    ['a conversation that skips a number', 7, { conversation_seq: 9 }, ['conversation-broken']],
    ['a conversation that repeats a number', 7, { conversation_seq: 2 }, ['conversation-broken']],
    [
      'a conversation that begins again',
      7,
      { conversation_seq: 0, conversation_previous_hash: '' },
      ['conversation-broken'],
    ],
    [
      'a conversation that begins in the middle',
      6,
      { conversation_seq: 4, conversation_previous_hash: 'ab'.repeat(32) },
      ['conversation-broken'],
    ],
    [
      'a conversation that begins with a link',
      6,
      { conversation_previous_hash: 'ab'.repeat(32) },
      ['conversation-broken'],
    ],
  ]
  for (const [name, seq, changes, codes] of cases) {
    for (const remembered of [50_000, 1]) {
      test(`${name}${remembered === 1 ? ', of a conversation put aside' : ''}`, () => {
        const found = hear({ entries: lieAt(seq, changes), remembered }).filter((one) => one.seq === seq)
        assert.deepEqual(
          found.map(({ code }) => code),
          codes,
        )
      })
    }
  }

  test('among some entries: a link between neighbours that are both there', () => {
    const entries = lieAt(5, { conversation_previous_hash: 'ab'.repeat(32) })
    const heard = (seq: number): boolean => [2, 5, 7].includes(seq)
    const query = { conversation_id: 'a' }
    assert.ok(hear({ entries, heard, query }).some(({ code, seq }) => code === 'conversation-broken' && seq === 5))
  })

  test('not found, for nobody can: a link to a neighbour that was not asked for', () => {
    const entries = lieAt(5, { conversation_previous_hash: 'ab'.repeat(32) })
    const found = hear({ entries, heard: (seq) => seq === 5, query: { from_seq: 5 } })
    assert.deepEqual(found, [])
  })
})

describe('whether an entry fits a query', () => {
  const [first = new Uint8Array()] = honest
  const entry = {
    ...entryOf(first),
    subject_ids: ['s1', 's2'],
    resource_type: 'patient_record',
    resource_id: 'r1',
    parent_id: 'p1',
  }
  const fits: ExportQuery[] = [
    {},
    { id: entry.id, conversation_id: 'a', actor_id: 'agent-1', action: 'tool_invoked' },
    { resource_type: 'patient_record', resource_id: 'r1', subject_id: 's2', parent_id: 'p1' },
    { from: entry.timestamp, recorded_from: entry.recorded_at, from_seq: 0, until_seq: 1 },
  ]
  const fails: ExportQuery[] = [
    { id: 'x' },
    { conversation_id: 'b' },
    { actor_id: 'agent-2' },
    { action: 'tool_completed' },
    { resource_type: 'financial_data' },
    { resource_id: 'r2' },
    { subject_id: 's3' },
    { parent_id: 'p2' },
    { until: entry.timestamp },
    { recorded_until: entry.recorded_at },
    { from: '2999-01-01T00:00:00.000Z' },
    { recorded_from: '2999-01-01T00:00:00.000Z' },
    { from_seq: 1 },
    { until_seq: 0 },
    { actor_id: 'agent-1', action: 'tool_completed' },
  ]
  for (const query of fits) test(`fits: ${Object.keys(query)}`, () => assert.equal(fitsQuery(entry, query), true))
  for (const query of fails)
    test(`does not fit: ${JSON.stringify(query)}`, () => assert.equal(fitsQuery(entry, query), false))
})

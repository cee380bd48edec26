import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SAMPLE_ORIGIN, sampleLog } from '../../test/sample-log.ts'
import { createEntryChecker, type ReadEntry, readEntry } from './entries.ts'
import { createFindings } from './finding.ts'

test('a page asks for the entry before its first one of each conversation that is not remembered, and for no other', () => {
  const visits = ['a', 'b', 'a', undefined, 'c', 'b']
  const rows = sampleLog(visits.map((visit) => (visit === undefined ? {} : { conversation_id: visit })))
  const read = rows.map(({ entry }) => readEntry(entry))
  const checker = createEntryChecker(SAMPLE_ORIGIN, createFindings(), () => undefined, undefined)
  assert.deepEqual(checker.lookups(read), [])
  assert.deepEqual(checker.lookups(read.slice(2)), [
    { conversation_id: 'a', conversation_seq: 0 },
    { conversation_id: 'b', conversation_seq: 0 },
  ])
  for (const [seq, one] of read.slice(0, 2).entries()) checker.check(seq, one)
  assert.deepEqual(checker.lookups(read.slice(2)), [])
})

test('of more conversations than are remembered, those that go on are looked up before their page, and never within one', () => {
  const [{ entry: bytes = new Uint8Array() } = {}] = sampleLog([{ conversation_id: 'a' }])
  const { hash, parsed } = readEntry(bytes)
  assert.ok('entry' in parsed)
  const at = (conversation_id: string, conversation_seq: number): ReadEntry => ({
    hash,
    parsed: {
      entry: {
        ...parsed.entry,
        conversation_id,
        conversation_seq,
        conversation_previous_hash: conversation_seq === 0 ? '' : hash,
      },
    },
  })
  const findings = createFindings()
  const asked: string[] = []
  const lookback = (conversation_id: string): string | undefined => {
    asked.push(conversation_id)
    return hash
  }
  const checker = createEntryChecker(SAMPLE_ORIGIN, findings, lookback, undefined)
  const begun = Array.from({ length: 50_010 }, (_, i) => at(`visit-${i}`, 0))
  assert.deepEqual(checker.lookups(begun), [])
  for (const one of begun) checker.check(0, one)
  // Within the page that began it, the oldest one is remembered still.
  checker.check(0, at('visit-0', 1))
  assert.deepEqual(asked, [])
  const later = ['visit-1', 'visit-9', 'visit-10', 'visit-50009'].map((visit) => at(visit, 1))
  assert.deepEqual(
    checker.lookups(later).map(({ conversation_id }) => conversation_id),
    ['visit-1', 'visit-9'],
  )
  for (const one of later) checker.check(0, one)
  assert.deepEqual(asked, ['visit-1', 'visit-9'])
  assert.equal(findings.counts.get('conversation-broken'), undefined)
})

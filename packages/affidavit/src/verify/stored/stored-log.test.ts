import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type MemoryLedger, memoryLedgers, openedStore } from '../../../test/memory-store.ts'
import { SAMPLE_ORIGIN, sampleLog } from '../../../test/sample-log.ts'
import { heartbeatKey, logKey, noteOf, pinnedTo, startEntry } from '../../../test/signing.ts'
import type { StoredColumns } from '../chunk.ts'
import type { Entry } from '../entries.ts'
import type { Report } from '../report.ts'
import { verifyStoredConversation } from './conversation.ts'
import type { UnknownLedger } from './extent.ts'
import { verifyStoredLedger } from './ledger.ts'
import { verifyStoredRange } from './range.ts'
import type { StoredLedgers } from './stored-log.ts'
import { runOnConnections, type VerifyTask } from './tasks.ts'

const [key, heartbeat] = [logKey(SAMPLE_ORIGIN), heartbeatKey(SAMPLE_ORIGIN)]
const trust = pinnedTo(key)
const CONVERSATIONS = ['visit-1', 'visit-2', 'visit-3']
const rows = sampleLog([
  { action: 'logging_started', details: startEntry(key, heartbeat).details },
  ...Array.from({ length: 40 }, (_, i) => ({
    conversation_id: CONVERSATIONS[i % 3] ?? '',
    ...(i % 4 === 0 ? { subject_ids: ['patient-1', 'patient-2'] } : {}),
  })),
])
const checkpoints = [7, 20, 41].map((size) => keptAt(size))

function keptAt(size: number): MemoryLedger['checkpoints'][number] {
  const entries = rows.slice(0, size).map(({ entry }) => entry)
  return { size, note: noteOf(SAMPLE_ORIGIN, entries, [key, heartbeat]), cosignatures: [] }
}

function ledgers(changes: Partial<MemoryLedger> = {}): StoredLedgers {
  return memoryLedgers({ origin: SAMPLE_ORIGIN, rows, checkpoints, ...changes })
}

async function whole(changes: Partial<MemoryLedger> = {}, connections: number = 1): Promise<Report> {
  return reportIn(await verifyStoredLedger(openedStore(ledgers(changes), connections), { trust, anchors: [] }))
}

async function range(size: number, changes: Partial<MemoryLedger> = {}): Promise<Report> {
  const since = keptAt(size).note
  return reportIn(await verifyStoredRange(openedStore(ledgers(changes)), { trust, anchors: [], since }))
}

async function conversation(changes: Partial<MemoryLedger> = {}): Promise<Report> {
  const options = { trust, anchors: [], conversation_id: 'visit-2' }
  return reportIn(await verifyStoredConversation(openedStore(ledgers(changes)), options))
}

function reportIn(answer: Report | UnknownLedger): Report {
  if ('unknown' in answer) throw new Error(`no ledger ${answer.unknown}`)
  return answer
}

function codes({ findings }: Report): string[] {
  return findings.map(({ code, seq, what }) => `${code} ${what ?? seq}`)
}

test('whatever store has the answers, a ledger, a range of it and a conversation are judged', async () => {
  for (const report of [await whole(), await range(7), await conversation()]) {
    assert.deepEqual([report.status, codes(report)], ['valid', []])
  }
  assert.equal((await whole()).records_checked, 41)
  assert.equal((await range(7)).records_checked, 34)
  assert.equal((await conversation()).records_checked, 13)
})

test('a store cuts its pages anywhere, and has any number of connections', async () => {
  const [sound, changed] = [await whole(), await whole({ rows: withoutSubject(9) })]
  assert.equal(codes(changed)[0], 'entry-altered 9')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 1, max: 3 }), async (width, connections) => {
      assert.deepEqual(await whole({ width }, connections), sound)
      assert.deepEqual(await whole({ width, rows: withoutSubject(9) }, connections), changed)
    }),
    { numRuns: 25 },
  )
})

function withoutSubject(at: number): typeof rows {
  return rows.map((row) => (row.seq === at ? { ...row, entry: changedSubject(row.entry) } : row))
}

function changedSubject(entry: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(entry).toString('utf8').replace('patient-1', 'patient-0'))
}

test('a ledger that neither the store nor an anchor knows is named, with those that the store has', async () => {
  const options = { trust, anchors: [], origin: 'clinic.example/other' }
  for (const answer of [
    await verifyStoredLedger(openedStore(ledgers()), options),
    await verifyStoredConversation(openedStore(ledgers()), { ...options, conversation_id: 'visit-1' }),
    await verifyStoredRange(openedStore(ledgers()), { ...options, since: keptAt(7).note }),
  ]) {
    assert.deepEqual(answer, { unknown: options.origin, cure: `it holds ${SAMPLE_ORIGIN}` })
  }
})

const columnsOf = ({ id, action, actor_id, conversation_id, conversation_seq, recorded_at }: Entry): StoredColumns => ({
  id,
  action,
  actor_id,
  conversation_id: conversation_id ?? null,
  conversation_seq: conversation_seq ?? null,
  recorded_at,
  resource_id: null,
})

test('query columns that hold what the entries say are no finding', async () => {
  for (const report of [await whole({ columns: columnsOf }), await range(7, { columns: columnsOf })])
    assert.deepEqual(codes(report), [])
})

const COLUMN_LIES: readonly [name: string, at: number, changed: StoredColumns][] = [
  ['another id', 12, { id: '0190b3a0-0000-7000-8000-000000000000' }],
  ['another action', 12, { action: 'data_accessed' }],
  ['another actor', 12, { actor_id: 'agent-2' }],
  ['another conversation', 12, { conversation_id: 'visit-9' }],
  ['a place in a conversation as text', 12, { conversation_seq: '3' }],
  ['no conversation, so that a search passes it over', 12, { conversation_id: null, conversation_seq: null }],
  ['a conversation of an entry that has none', 0, { conversation_id: 'visit-1' }],
  ['an earlier time', 12, { recorded_at: '2020-01-01T00:00:00.000Z' }],
  ['a resource that the entry does not name', 12, { resource_id: 'record-1' }],
]

for (const [name, at, changed] of COLUMN_LIES) {
  test(`a query column that lies: ${name}`, async () => {
    const columns = (entry: Entry): StoredColumns => ({ ...columnsOf(entry), ...(entry.seq === at ? changed : {}) })
    const report = await whole({ columns })
    assert.deepEqual([report.status, codes(report)], ['tampered', [`columns-altered ${at}`]])
    assert.ok(Object.keys(changed).every((column) => report.findings[0]?.problem.includes(column)))
  })
}

test('where the announcements of keys cannot be read, no part of a ledger is judged', async () => {
  const instead = {
    async *entriesOfAction() {
      yield { unreadable: 'the index is damaged' }
    },
  }
  for (const report of [await conversation({ instead }), await range(7, { instead })]) {
    assert.deepEqual([report.status, codes(report)], ['tampered', ['database-unreadable memory']])
    assert.equal(report.findings[0]?.problem, 'the index is damaged')
  }
})

test('nodes that a store does not have, or that are no hashes, prove nothing', async () => {
  for (const node of [undefined, new Uint8Array(31), new Uint8Array(32)]) {
    const instead: MemoryLedger['instead'] = { nodes: async (ids) => ids.map(() => node) }
    assert.equal((await conversation({ instead })).status, 'tampered')
    assert.equal((await range(7, { instead })).status, 'tampered')
  }
})

test('rows behind a page that never came are missing', async () => {
  const short: MemoryLedger = { origin: SAMPLE_ORIGIN, rows: rows.slice(0, 30), checkpoints }
  const { stretch } = memoryLedgers(short).log(1)
  const report = await whole({ instead: { stretch } })
  assert.ok(codes(report).includes('entry-missing 30'), codes(report).join(', '))
})

test('a connection that fails ends what the others would begin', async () => {
  const begun: string[] = []
  const failing = { ...ledgers(), structure: () => Promise.reject(new Error('the line went dead')) }
  const slow = {
    ...ledgers(),
    async structure() {
      begun.push('begun')
      await new Promise((resolve) => setImmediate(resolve))
      begun.push('ended')
      return []
    },
  }
  const tasks = Array.from({ length: 9 }, (): VerifyTask => ({ kind: 'structure', part: 'strays', chosen: 1 }))
  await assert.rejects(
    runOnConnections([slow, failing], tasks, () => {}),
    /the line went dead/,
  )
  assert.deepEqual(begun, ['begun', 'ended'])
})

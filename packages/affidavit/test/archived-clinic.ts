// A clinic's ledger and an archive of it, for tests of archiving.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

import { archiveRecords } from '../src/archive/archive-records.ts'
import { archivedSegments } from '../src/archive/archived.ts'
import type { Archiving, Due } from '../src/archive/archiving.ts'
import type { ObjectStore } from '../src/archive/object-store.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { ArchivedSegment } from '../src/formats/archive-record.ts'
import type { Draft } from '../src/formats/fields.ts'
import { countRuns, seqsOf } from '../src/formats/seq-runs.ts'
import { readSegmentNote } from '../src/formats/signed-segment.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { ReadRecord } from '../src/ledger/retention-knowledge.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import { QUIET, said } from './erasure-clinic.ts'

/** By retention class: `hipaa` is due in six years, `matter` waits for an anchor, everything else has no minimum. */
function dueOf({ retention_class, recorded_at }: ReadRecord): Due {
  if (retention_class === 'hipaa') {
    const year = Number(recorded_at.slice(0, 4)) + 6
    const due_month = `${year}${recorded_at.slice(4, 7)}`
    return { retention_class, due_month, min_until: Date.parse(`${year}${recorded_at.slice(4)}`) }
  }
  if (retention_class === 'matter') return { retention_class, due_month: 'open' }
  return { retention_class: retention_class ?? 'default', due_month: 'none' }
}

/** A folder for the tests of a file. */
export function archiveFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `affidavit-${name}-`))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** When everything is recorded. */
const NOW: number = Date.UTC(2040, 0, 15, 9, 30)

export interface Clinic {
  readonly folder: string
  readonly clock: FixedClock
  open(): Promise<Ledger>
}

export async function makeClinic(folder: string): Promise<Clinic> {
  // Later than whatever the clock of the machine says: entry 0 is recorded by that one.
  const clock = fixedClock(NOW)
  await initLedger(folder, { origin: 'clinic.example/agents' })
  return { folder, clock, open: () => openFolder(folder, { clock, publish: QUIET }) }
}

const CLASSES = ['hipaa', 'matter', undefined] as const

/** Records of three classes, one behind the other, in conversations of their own; each third has content of a chunk or more. */
export async function record(ledger: Ledger, count: number, from = 0): Promise<void> {
  const drafts = Array.from({ length: count }, (_, i) => draftOf(from + i))
  for (const outcome of await ledger.appendMany(drafts)) assert.equal(outcome.state, 'recorded')
}

function draftOf(i: number): Draft {
  const retention_class = CLASSES[i % CLASSES.length]
  const more = { conversation_id: `c-${i % 5}`, ...(retention_class === undefined ? {} : { retention_class }) }
  if (i % 4 === 0) return said(`message ${i} `.repeat(i % 8 === 0 ? 9_000 : 3), more)
  return { action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent', ...more, details: { i } }
}

export function archivingOf(ledger: Ledger, objects: ObjectStore): Archiving {
  return { ...ledger.archival, objects, dueOf }
}

export async function archive(ledger: Ledger, objects: ObjectStore): Promise<readonly ArchivedSegment[]> {
  await ledger.publish()
  return all(archiveRecords(archivingOf(ledger, objects)))
}

export function countRecords(segments: readonly ArchivedSegment[]): number {
  return segments.reduce((sum, { runs }) => sum + countRuns(runs), 0)
}

/** Every entry below `size` is in one segment on record, and comes back from it byte for byte, with its payloads. */
export async function expectArchived(ledger: Ledger, objects: ObjectStore, size: number): Promise<void> {
  const { store, ledger: origin, keyring } = ledger.archival
  const reader = createArchiveReader({ objects, ledger: origin, keyring })
  const seen = new Set<number>()
  for await (const segment of archivedSegments(store, origin)) {
    const note = (await objects.get(`segments/${segment.segment}.note`)) ?? assert.fail('there is a manifest')
    const manifest = readSegmentNote(note)
    if (typeof manifest === 'string') assert.fail(manifest)
    const blocks = manifest.blocks.map(({ first_seq }) => first_seq)
    for (const seq of seqsOf(segment.runs)) {
      assert.ok(!seen.has(seq), `seq ${seq} is archived once`)
      seen.add(seq)
      const place = { seq, segment: segment.segment, block: blocks.findLastIndex((first) => first <= seq) }
      const [stored] = await store.entries(
        origin,
        { from_seq: seq, until_seq: seq + 1 },
        { limit: 1, order: 'ascending' },
      )
      const [read] = await reader.entries([place])
      assert.deepEqual(Buffer.from(read ?? []), Buffer.from(stored?.entry ?? assert.fail()))
      const { content = [] } = (await ledger.at(seq)) ?? assert.fail()
      for (const { blob_id } of content) {
        const payload = (await store.payload(origin, blob_id)) ?? assert.fail()
        const more = await store.chunks(origin, blob_id, 1, 100)
        const chunks = (await all(reader.chunks(place, blob_id))).map((chunk) => Buffer.from(chunk))
        assert.deepEqual(
          chunks,
          [payload.sealed, ...more].map((chunk) => Buffer.from(chunk)),
        )
      }
    }
  }
  for (let seq = 0; seq < size; seq++) assert.ok(seen.has(seq), `seq ${seq} is archived`)
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

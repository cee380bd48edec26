// The archive: how fast entries go into it, how long a conversation takes from there that has left the database, and what its bytes
// cost beside those of the entries.

import { cpSync, mkdirSync } from 'node:fs'

import { archiveRecords } from '../packages/affidavit/src/archive/archive-records.ts'
import { archivedSegments } from '../packages/affidavit/src/archive/archived.ts'
import type { Archiving } from '../packages/affidavit/src/archive/archiving.ts'
import { readDue } from '../packages/affidavit/src/archive/due.ts'
import { folderStore } from '../packages/affidavit/src/archive/folder.ts'
import { createArchiveReader } from '../packages/affidavit/src/archive/reader.ts'
import { systemClock } from '../packages/affidavit/src/clock/clock.ts'
import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import { segmentKeys } from '../packages/affidavit/src/formats/segment.ts'
import { seqsOf } from '../packages/affidavit/src/formats/seq-runs.ts'
import { readSegmentNote } from '../packages/affidavit/src/formats/signed-segment.ts'
import type { ArchivedPlace, ArchiveReader } from '../packages/affidavit/src/ledger/archive-reader.ts'
import type { Ledger } from '../packages/affidavit/src/ledger/ledger.ts'
import { readPages } from '../packages/affidavit/src/ledger/read.ts'
import { readThrough } from '../packages/affidavit/src/ledger/read-through.ts'
import type { LeavingEntry } from '../packages/affidavit/src/ledger/store.ts'
import { leafHash } from '../packages/affidavit/src/merkle/hash.ts'
import { builtInSet } from '../packages/affidavit/src/retention/policy-set.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, cpuSecondsOf, millisOf, quantile, repeat } from './rounds.ts'

/** MB of entries a second of CPU, in all threads. */
const PROMISED = 50

export async function measureArchive({ ledgers, effort }: Context): Promise<Row[]> {
  const records = effort === 'quick' ? 20_000 : 100_000
  const folder = await ledgers.withRecords(records)
  const rounds = await repeat(effort === 'quick' ? 2 : 3, async () => {
    const [home, place] = [ledgers.emptyFolder(), ledgers.emptyFolder()]
    cpSync(folder, home, { recursive: true })
    mkdirSync(place)
    await using ledger = await openFolder(home)
    await ledger.publish()
    const bytes = await entryBytes(ledger)
    let archiving: Archiving | undefined
    const seconds = await cpuSecondsOf(async () => {
      archiving = await archivingTo(ledger, place)
      await toEnd(archiveRecords(archiving))
    })
    if (archiving === undefined) throw new Error('nothing was archived')
    return { speed: bytes / 1e6 / seconds, bytes, ...(await lookAt(archiving)) }
  })
  return [
    {
      measurement: 'archive',
      what: `archive ${records} entries in a folder, read back`,
      against: `${PROMISED} MB/s`,
      unit: 'MB/s of CPU',
      ...compare(
        rounds,
        ({ speed }) => speed,
        () => PROMISED,
      ),
      budget: { kind: 'at least', ratio: 1 },
    },
    readingRow(rounds, 'a conversation that left the database, p50', ({ fromArchive }) => fromArchive),
    readingRow(rounds, 'the same, the first that is read of its segment', ({ first }) => first),
    {
      measurement: 'archive',
      what: 'bytes in the archive but for sealed content',
      against: 'bytes of the entries',
      unit: 'MB',
      ...compare(
        rounds,
        ({ cold }) => cold / 1e6,
        ({ bytes }) => bytes / 1e6,
      ),
      budget: { kind: 'at most', ratio: 0.25 },
    },
  ]
}

function readingRow(rounds: readonly Looked[], what: string, ours: (round: Looked) => number): Row {
  const compared = compare(rounds, ours, ({ fromDatabase }) => fromDatabase)
  const budget = { kind: 'at most', ratio: 10 } as const
  return { measurement: 'archive', what, against: 'in the database', unit: 'ms', ...compared, budget }
}

async function archivingTo({ archival }: Ledger, place: string): Promise<Archiving> {
  const { store, ledger } = archival
  const dueOf = await readDue(store, ledger, { set: builtInSet(), at: archival.now() })
  return { ...archival, objects: folderStore(place, systemClock), dueOf }
}

interface Looked {
  readonly cold: number
  /** p50 of milliseconds: its segment is at hand, as the database is open; its blocks are not. */
  readonly fromArchive: number
  /** Nothing is at hand. */
  readonly first: number
  readonly fromDatabase: number
}

async function lookAt(parts: Archiving): Promise<Looked> {
  const { rows, ledger } = parts
  const { cold, places } = await whatIsArchived(parts)
  const wanted = await someConversations(parts)
  const fromDatabase = await millisOf(wanted, (id) => toEnd(readPages(rows, ledger, { conversation_id: id })))
  for (const id of wanted) await letLeave(parts, id, places)
  // The last entry of each segment: who has read it has the manifest at hand, and no block of a conversation but of the last ones.
  const lastOf = [...new Map([...places.values()].map((place) => [place.segment, place])).values()]
  const fromArchive: number[] = []
  const first: number[] = []
  for (const id of wanted) {
    first.push(...(await readLeft(parts, createArchiveReader(parts), id)))
    const archive = createArchiveReader(parts)
    await archive.entries(lastOf)
    fromArchive.push(...(await readLeft(parts, archive, id)))
  }
  const p50 = (samples: readonly number[]): number => quantile(samples, 0.5)
  return { cold, fromArchive: p50(fromArchive), first: p50(first), fromDatabase: p50(fromDatabase) }
}

function readLeft({ rows, ledger }: Archiving, archive: ArchiveReader, conversation_id: string): Promise<number[]> {
  const whole = readThrough(rows, archive)
  return millisOf([conversation_id], () => toEnd(readPages(whole, ledger, { conversation_id })))
}

async function whatIsArchived({ store, ledger, objects }: Archiving): Promise<{
  /** Bytes of objects and manifests, but for sealed content. */
  readonly cold: number
  readonly places: ReadonlyMap<number, ArchivedPlace>
}> {
  let cold = 0
  const places = new Map<number, ArchivedPlace>()
  for await (const { segment, runs } of archivedSegments(store, ledger)) {
    const { object, manifest } = segmentKeys(segment)
    const note = (await objects.get(manifest)) ?? new Uint8Array()
    const read = readSegmentNote(note)
    if (typeof read === 'string') throw new Error(read)
    cold += ((await objects.stat(object))?.size ?? 0) - read.payloads.length + note.length
    const blocks = read.blocks.map(({ first_seq }) => first_seq)
    let block = 0
    for (const seq of seqsOf(runs)) {
      while ((blocks[block + 1] ?? Number.POSITIVE_INFINITY) <= seq) block++
      places.set(seq, { seq, segment, block })
    }
  }
  return { cold, places }
}

// A folder proves no lock, so that the archiver lets nothing leave: here the store is asked itself.
async function letLeave(
  { rows, ledger }: Archiving,
  conversation_id: string,
  places: ReadonlyMap<number, ArchivedPlace>,
): Promise<void> {
  const entries: LeavingEntry[] = []
  for await (const { seq, entry } of readPages(rows, ledger, { conversation_id })) {
    const { segment, block } = places.get(seq) ?? { segment: '', block: 0 }
    entries.push({ seq, leaf: leafHash(entry), mark: { state: 'archived', segment, block } })
  }
  await rows.replaceEntries(ledger, { entries, judged: { size: 0, unless: [] } })
}

const CONVERSATIONS = 50

async function someConversations({ store, ledger }: Archiving): Promise<readonly string[]> {
  const ids = new Set<string>()
  for await (const { entry } of readPages(store, ledger, { until_seq: 20_000 })) {
    const { conversation_id } = JSON.parse(Buffer.from(entry).toString('utf8'))
    if (typeof conversation_id === 'string') ids.add(conversation_id)
  }
  const all = [...ids]
  const step = Math.max(1, Math.floor(all.length / CONVERSATIONS))
  return all.filter((_, i) => i % step === 0).slice(0, CONVERSATIONS)
}

async function entryBytes({ archival: { store, ledger } }: Ledger): Promise<number> {
  let bytes = 0
  for await (const { entry } of readPages(store, ledger, {})) bytes += entry.length
  return bytes
}

async function toEnd(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

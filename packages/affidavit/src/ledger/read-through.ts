// A store as readers have it (spec/stubs.md §3): the bytes of archived entries come through the archive, and are held against their
// leaf hashes; what was destroyed is left out. What cannot be had is an error, and never passed over.

import { equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseEntry } from '../formats/entry.ts'
import type { ContentReference } from '../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { type ArchivedStub, isStub, parseStub, type Stub } from '../formats/stub.ts'
import { leafHash } from '../merkle/hash.ts'
import type { ArchivedPlace, ArchiveReader } from './archive-reader.ts'
import { type ChunkWalk, createChunkWalk } from './chunk-walk.ts'
import { readPages } from './read.ts'
import type { EntryFilter, LedgerStore, Page, StoredEntry, StoredPayload } from './store.ts'

/** @param archive nothing where the ledger was opened without: then what is archived is refused by its name */
export function readThrough(rows: LedgerStore, archive: ArchiveReader | undefined): LedgerStore {
  const walks = new Map<string, ChunkWalk>()

  async function entries(ledger: string, filter: EntryFilter, page: Page): Promise<readonly StoredEntry[]> {
    const found: StoredEntry[] = []
    for (let { from_seq = 0, until_seq = Number.MAX_SAFE_INTEGER } = filter; ; ) {
      const limit = page.limit - found.length
      const read = await rows.entries(ledger, { ...filter, from_seq, until_seq }, { ...page, limit })
      found.push(...(await wholeOf(ledger, read)))
      const last = read.at(-1)
      // A page is as full as there are entries, whatever was left out of it.
      if (last === undefined || read.length < limit || found.length === page.limit) return found
      if (page.order === 'ascending') from_seq = last.seq + 1
      else until_seq = last.seq
    }
  }

  async function wholeOf(ledger: string, read: readonly StoredEntry[]): Promise<readonly StoredEntry[]> {
    try {
      return await asTheyStand(read)
    } catch (error) {
      const anew = await movedSince(ledger, read, error)
      return asTheyStand(anew)
    }
  }

  /** The rows as they are now, where one of them left the segment that could not be read; else it throws what was wrong. */
  async function movedSince(
    ledger: string,
    read: readonly StoredEntry[],
    error: unknown,
  ): Promise<readonly StoredEntry[]> {
    if (!(error instanceof LedgerError && error.code.startsWith('archive-'))) throw error
    const anew: StoredEntry[] = []
    for (const { seq } of read) {
      const filter = { from_seq: seq, until_seq: seq + 1 }
      anew.push(...(await rows.entries(ledger, filter, { limit: 1, order: 'ascending' })))
    }
    if (anew.every(({ entry }, i) => equalBytes(entry, read[i]?.entry ?? new Uint8Array()))) throw error
    return anew
  }

  async function asTheyStand(read: readonly StoredEntry[]): Promise<readonly StoredEntry[]> {
    if (!read.some(({ entry }) => isStub(entry))) return read
    const standing = read.flatMap((row) => {
      const stub = isStub(row.entry) ? stubIn(row) : undefined
      return stub?.mark.state === 'disposed' ? [] : [{ row, stub: archivedIn(stub) }]
    })
    const places = standing.flatMap(({ row, stub }) => (stub === undefined ? [] : [placeOf(row.seq, stub)]))
    const bytes = places.length === 0 ? [] : await reader(places[0]).entries(places)
    let next = 0
    return standing.map(({ row, stub }) => (stub === undefined ? row : { ...row, entry: proven(row, bytes[next++]) }))
  }

  function reader(first: ArchivedPlace | undefined): ArchiveReader {
    if (archive !== undefined) return archive
    throw new LedgerError('archive-unavailable', {
      problem: `the record at seq ${first?.seq} is archived in the segment ${first?.segment}, and this ledger was opened without its archive`,
      cure: 'name the archive in the settings of the ledger; affidavit archive restore brings records back into the database',
    })
  }

  async function payload(ledger: string, blob_id: string): Promise<StoredPayload | undefined> {
    const stored = await rows.payload(ledger, blob_id)
    if (stored === undefined || stored.sealed.length > 0) return stored
    const { reference } = await archivedUse(ledger, blob_id)
    const [sealed] = await chunks(ledger, blob_id, 0, 1)
    if (sealed === undefined) throw altered(`gives no chunk of the payload ${blob_id}`)
    return { ...stored, sealed, more: Math.ceil(reference.sealed_size / SEALED_CHUNK_BYTES) - 1 }
  }

  async function chunks(ledger: string, blob_id: string, from: number, limit: number): Promise<readonly Uint8Array[]> {
    const stored = from === 0 ? [] : await rows.chunks(ledger, blob_id, from, limit)
    if (stored.length > 0 || limit < 1) return stored
    const head = await rows.payload(ledger, blob_id)
    if (head === undefined || head.sealed.length > 0) return []
    const key = `${ledger} ${blob_id}`
    const walk = walks.get(key)
    if (walk !== undefined && walk.at() === from) {
      const taken = await walk.take(limit).catch(unlessArchive)
      if (taken !== undefined) return taken
      // It may lie elsewhere by now; what cannot be read there either is told.
      walks.delete(key)
    }
    const { place } = await archivedUse(ledger, blob_id)
    const anew = createChunkWalk(reader(place).chunks(place, blob_id), () => walks.delete(key))
    walks.set(key, anew)
    await anew.take(from)
    return anew.take(limit)
  }

  // Any entry that names it lies beside it.
  async function archivedUse(
    ledger: string,
    blob_id: string,
  ): Promise<{ readonly place: ArchivedPlace; readonly reference: ContentReference }> {
    const use = await rows.lastUse(ledger, blob_id)
    const row = use === undefined ? undefined : await rowOf(ledger, use)
    const stub = row === undefined ? undefined : archivedIn(stubIn(row))
    if (row === undefined || stub === undefined) throw corrupt(`no archived record names the payload ${blob_id}`)
    const [entry] = await wholeOf(ledger, [row])
    const parsed = entry === undefined ? undefined : parseEntry(entry.entry)
    const content = parsed !== undefined && 'entry' in parsed ? (parsed.entry.content ?? []) : []
    const reference = content.find((one) => one.blob_id === blob_id)
    if (reference === undefined)
      throw corrupt(`the record at seq ${row.seq} is listed for the payload ${blob_id}, and does not name it`)
    return { place: placeOf(row.seq, stub), reference }
  }

  async function rowOf(ledger: string, stub: Uint8Array): Promise<StoredEntry | undefined> {
    const parsed = parseStub(stub)
    if ('problem' in parsed) throw corrupt(`a stub is none: ${parsed.problem}`)
    const [row] = await rows.entries(ledger, { id: parsed.stub.id }, { limit: 1, order: 'ascending' })
    return row
  }

  return {
    ...rows,
    entries,
    payload,
    chunks: (ledger, blob_id, from, limit) => chunks(ledger, blob_id, from, limit),
    async lastUse(ledger, blob_id) {
      const use = await rows.lastUse(ledger, blob_id)
      if (use === undefined || !isStub(use)) return use
      const row = await rowOf(ledger, use)
      const [entry] = row === undefined ? [] : await wholeOf(ledger, [row])
      return entry?.entry
    },
  }
}

function unlessArchive(error: unknown): undefined {
  if (!(error instanceof LedgerError && error.code.startsWith('archive-'))) throw error
}

/** What stands where a record was; nothing where one stands, or none ever did. */
export async function stubAt(
  rows: Pick<LedgerStore, 'entries'>,
  ledger: string,
  which: string | number,
): Promise<{ readonly seq: number; readonly stub: Stub } | undefined> {
  const filter = typeof which === 'string' ? { id: which } : { from_seq: which, until_seq: which + 1 }
  const [row] = await rows.entries(ledger, filter, { limit: 1, order: 'ascending' })
  return row === undefined || !isStub(row.entry) ? undefined : { seq: row.seq, stub: stubIn(row) }
}

/** Seqs of the records of a conversation that were destroyed. */
export async function destroyedIn(
  rows: Pick<LedgerStore, 'entries'>,
  ledger: string,
  conversation_id: string,
): Promise<readonly number[]> {
  const seqs: number[] = []
  for await (const row of readPages(rows, ledger, { conversation_id }))
    if (isStub(row.entry) && stubIn(row).mark.state === 'disposed') seqs.push(row.seq)
  return seqs
}

function stubIn({ seq, entry }: Pick<StoredEntry, 'seq' | 'entry'>): Stub {
  const parsed = parseStub(entry)
  if ('problem' in parsed) throw corrupt(`the stub at seq ${seq} is none: ${parsed.problem}`)
  return parsed.stub
}

function archivedIn(stub: Stub | undefined): ArchivedStub | undefined {
  // A union of the whole mark, which the compiler does not tell apart by a part of it.
  return stub !== undefined && 'draft_commitment' in stub ? stub : undefined
}

function placeOf(seq: number, { mark: { segment, block } }: ArchivedStub): ArchivedPlace {
  return { seq, segment, block }
}

function proven({ seq, nodes }: StoredEntry, bytes: Uint8Array | undefined): Uint8Array {
  if (bytes !== undefined && equalBytes(leafHash(bytes), nodes.subarray(0, HASH_BYTES))) return bytes
  throw altered(`gives other bytes for the record at seq ${seq} than were archived`)
}

function altered(what: string): LedgerError {
  return new LedgerError('archive-altered', {
    problem: `the archive ${what}`,
    cure: 'keep it as evidence; affidavit verify says what was changed, and a locked earlier version has the bytes',
  })
}

function corrupt(problem: string): LedgerError {
  return new LedgerError('store-corrupt', { problem, cure: 'run affidavit verify: it says what was changed' })
}

// A stored log whose archived entries are read through the archive. It judges nothing: what the archive gives stands beside the stub,
// and what it does not give leaves the stub as it is.

import { utf8 } from '../../bytes/text.ts'
import { parseEntry } from '../../formats/entry.ts'
import type { ContentReference } from '../../formats/fields.ts'
import { isStub, isStubText, parseStub } from '../../formats/stub.ts'
import { entryOf } from '../../merkle/hash.ts'
import type { Row, StoredRow } from '../chunk.ts'
import type { FromArchive } from '../left.ts'
import type { ArchivedPlace, ArchiveOf, StoredArchive } from './archive.ts'
import type { StoredBytes, StoredLedgers, StoredLog } from './stored-log.ts'
import type { OpenedStore } from './tasks.ts'

/** The same store, read through archives, where they are at hand. */
export function throughArchive(store: OpenedStore, archiveOf: ArchiveOf | undefined): OpenedStore {
  if (archiveOf === undefined) return store
  const ledgers = ledgersThrough(store.ledgers, archiveOf)
  return { ...store, ledgers, runTasks: (tasks, onAnswer) => store.runTasks(tasks, onAnswer, archiveOf) }
}

/** Connections that tasks are done on, read through archives likewise. */
export async function connectionsThrough(
  connections: readonly StoredLedgers[],
  archiveOf: ArchiveOf | undefined,
): Promise<readonly StoredLedgers[]> {
  if (archiveOf === undefined) return connections
  const through = connections.map((ledgers) => ledgersThrough(ledgers, archiveOf))
  // Which ledger is whose, before one is read.
  for (const ledgers of through) await ledgers.list()
  return through
}

function ledgersThrough(ledgers: StoredLedgers, archiveOf: ArchiveOf): StoredLedgers {
  const origins = new Map<number, string>()
  return {
    ...ledgers,
    async list() {
      const listed = await ledgers.list()
      for (const { no, origin } of listed) origins.set(no, origin)
      return listed
    },
    log(no) {
      const origin = origins.get(no)
      const archive = origin === undefined ? undefined : archiveOf(origin)
      return archive === undefined ? ledgers.log(no) : logThrough(ledgers.log(no), archive)
    },
  }
}

function logThrough(log: StoredLog, archive: StoredArchive): StoredLog {
  /** Of the page that was read last: its payloads are looked at before the next one is asked for. */
  let places = new Map<string, ArchivedPlace>()

  async function readAll(stored: readonly StoredBytes[]): Promise<Map<number, FromArchive>> {
    const wanted = stored.flatMap(placeIn)
    const given = wanted.length === 0 ? [] : await archive.entries(wanted)
    return new Map(
      wanted.flatMap(({ seq }, i) => {
        const one = given[i]
        return one === undefined ? [] : [[seq, one] as const]
      }),
    )
  }

  function remember(stored: readonly StoredBytes[], read: ReadonlyMap<number, FromArchive>): void {
    places = new Map()
    for (const place of stored.flatMap(placeIn)) {
      const given = read.get(place.seq)
      if (given === undefined || !('bytes' in given)) continue
      for (const { blob_id } of contentIn(given.bytes)) places.set(blob_id, place)
    }
  }

  async function whole(stored: readonly StoredBytes[], page?: 'page'): Promise<readonly StoredBytes[]> {
    if (!stored.some(({ bytes }) => isStub(bytes))) return stored
    const read = await readAll(stored)
    if (page === 'page') remember(stored, read)
    return stored.map((one) => {
      const given = read.get(one.seq)
      return given !== undefined && 'bytes' in given ? { ...one, bytes: given.bytes, stub: one.bytes } : one
    })
  }

  async function eachWhole(
    stored: readonly (StoredBytes | undefined)[],
  ): Promise<readonly (StoredBytes | undefined)[]> {
    const read = new Map((await whole(stored.flatMap((one) => one ?? []))).map((one) => [one.seq, one]))
    return stored.map((one) => (one === undefined ? undefined : (read.get(one.seq) ?? one)))
  }

  async function* pagesOf(pages: AsyncIterable<readonly StoredBytes[]>): AsyncGenerator<readonly StoredBytes[]> {
    for await (const page of pages) yield await whole(page, 'page')
  }

  return {
    ...log,
    async entry(seq) {
      const stored = await log.entry(seq)
      return stored === undefined ? undefined : (await whole([stored]))[0]
    },
    entriesOf: async (ids) => eachWhole(await log.entriesOf(ids)),
    conversation: async (id) => whole(await log.conversation(id), 'page'),
    async *entriesOfAction(action, below) {
      for await (const page of log.entriesOfAction(action, below)) yield 'unreadable' in page ? page : await whole(page)
    },
    entriesAt: async (wanted) => eachWhole(await log.entriesAt(wanted)),
    entriesWithContent: (stretch) => pagesOf(log.entriesWithContent(stretch)),
    async *stretch(stretch) {
      for await (const page of log.stretch(stretch)) {
        const stubs = page.rows.filter(isLeft).map((row) => ({ seq: row.seq, bytes: bytesOf(row) }))
        const read = stubs.length === 0 ? undefined : await readAll(stubs)
        if (read !== undefined) remember(stubs, read)
        yield read === undefined ? page : { ...page, rows: page.rows.map((row) => beside(row, read.get(row.seq))) }
      }
    },
    async *chunks(reference) {
      const place = places.get(reference.blob_id)
      let number = 0
      for await (const chunk of log.chunks(reference)) {
        if (number === 0 && chunk === 'absent' && place !== undefined) {
          yield* archive.chunks(place, reference.blob_id)
          return
        }
        number++
        yield chunk
      }
    },
  }
}

function isLeft(row: Row): row is StoredRow {
  if ('unreadable' in row) return false
  return typeof row.entry === 'string' ? isStubText(row.entry, 1) : isStub(row.entry)
}

function bytesOf({ entry }: StoredRow): Uint8Array {
  return typeof entry === 'string' ? utf8(entryOf(entry)) : entry
}

function beside(row: Row, archived: FromArchive | undefined): Row {
  return archived === undefined || 'unreadable' in row ? row : { ...row, archived }
}

function placeIn({ seq, bytes }: { readonly seq: number; readonly bytes: Uint8Array }): ArchivedPlace[] {
  const parsed = isStub(bytes) ? parseStub(bytes) : undefined
  const mark = parsed !== undefined && 'stub' in parsed ? parsed.stub.mark : undefined
  return mark?.state === 'archived' ? [{ seq, segment: mark.segment, block: mark.block }] : []
}

function contentIn(bytes: Uint8Array): readonly ContentReference[] {
  const parsed = parseEntry(bytes)
  return 'entry' in parsed ? (parsed.entry.content ?? []) : []
}

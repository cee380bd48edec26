// How much is asked of an object store to read what has left the database.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { archivedSegments } from '../src/archive/archived.ts'
import type { ByteRange, ObjectStore } from '../src/archive/object-store.ts'
import { createArchiveReader } from '../src/archive/reader.ts'
import type { Draft } from '../src/formats/fields.ts'
import { seqsOf } from '../src/formats/seq-runs.ts'
import { readSegmentNote } from '../src/formats/signed-segment.ts'
import type { ArchivedPlace, ArchiveReader } from '../src/ledger/archive-reader.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { memoryObjectStore } from '../src/testing/memory-object-store.ts'
import { archive, archiveFolder, makeClinic } from './archived-clinic.ts'

const home = archiveFolder('archive-reading')

test('a conversation is read by one request for its segment and one for its blocks, and asked again by none', async () => {
  const { places, reader, asked, bytes } = await archivedConversation('once')
  assert.ok(new Set(places.map(({ block }) => block)).size > 5, 'it lies in several blocks')
  const read = await reader.entries(places)
  const [ofSegment, ofBlocks, ...others] = asked
  assert.match(ofSegment?.key ?? '', /\.note$/)
  assert.match(ofBlocks?.key ?? '', /\.seg$/)
  assert.ok(ofBlocks?.range !== undefined)
  assert.deepEqual(others, [])
  assert.deepEqual(read.map(textOf), bytes.map(textOf))
  assert.deepEqual(await reader.entries(places), read)
  assert.equal(asked.length, 2)
})

test('of what lies together, only what is not at hand is read, and whoever asks at once reads it once', async () => {
  const { places, reader, asked, bytes } = await archivedConversation('partly')
  const [first] = places
  const last = places.at(-1)
  if (first === undefined || last === undefined) assert.fail('there are records')
  await reader.entries([first])
  await Promise.all([reader.entries(places), reader.entries([last])])
  assert.equal(asked.length, 3)
  const [, alone, behind] = asked
  assert.equal(behind?.range?.from, alone?.range?.to)
  const backwards = await reader.entries(places.toReversed())
  assert.deepEqual(backwards.map(textOf), bytes.toReversed().map(textOf))
  assert.equal(asked.length, 3)
})

test('a range that is cut, or gone, is said to be, and read anew when it is asked for again', async () => {
  const { places, reader, spoil } = await archivedConversation('cut')
  spoil((bytes) => bytes.subarray(0, -1))
  await assert.rejects(reader.entries(places), {
    code: 'archive-altered',
    message: /block \d+ is not what was archived/,
  })
  spoil(() => undefined)
  await assert.rejects(reader.entries(places), { code: 'archive-unavailable' })
  spoil((bytes) => bytes)
  assert.equal((await reader.entries(places)).length, places.length)
})

interface Asked {
  readonly key: string
  readonly range: ByteRange | undefined
}

type Spoil = (bytes: Uint8Array) => Uint8Array | undefined

interface Archived {
  readonly reader: ArchiveReader
  readonly asked: readonly Asked[]
  readonly places: readonly ArchivedPlace[]
  readonly bytes: readonly Uint8Array[]
  /** What becomes of ranges on their way from here on. */
  spoil(by: Spoil): void
}

async function archivedConversation(name: string): Promise<Archived> {
  const { open, clock } = await makeClinic(join(home, name))
  const objects = memoryObjectStore(new Map(), clock)
  const ledger = await open()
  after(() => ledger.close())
  const drafts = Array.from(
    { length: 200 },
    (_, i): Draft => ({
      action: 'data_accessed',
      actor_id: 'clinic-agent',
      actor_type: 'agent',
      conversation_id: 'c-1',
      details: { i, region: 'eu-central-1'.repeat(20) },
    }),
  )
  await ledger.appendMany(drafts)
  await archive(ledger, objects)
  const { store, ledger: origin, keyring } = ledger.archival
  const page = { limit: 1_000, order: 'ascending' } as const
  const entries = await store.entries(origin, { conversation_id: 'c-1' }, page)
  const places = await placesOf(ledger, objects)
  const asked: Asked[] = []
  let spoiled: Spoil = (bytes) => bytes
  const watched: Pick<ObjectStore, 'get' | 'where'> = {
    where: objects.where,
    async get(key, range) {
      asked.push({ key, range })
      const bytes = await objects.get(key, range)
      return bytes === undefined || range === undefined ? bytes : spoiled(bytes)
    },
  }
  return {
    reader: createArchiveReader({ objects: watched, ledger: origin, keyring }),
    asked,
    places: entries.map(({ seq }) => places.get(seq) ?? assert.fail(`seq ${seq} is archived`)),
    bytes: entries.map(({ entry }) => entry),
    spoil: (by) => {
      spoiled = by
    },
  }
}

async function placesOf({ archival }: Ledger, objects: ObjectStore): Promise<ReadonlyMap<number, ArchivedPlace>> {
  const places = new Map<number, ArchivedPlace>()
  for await (const { segment, runs } of archivedSegments(archival.store, archival.ledger)) {
    const manifest = readSegmentNote((await objects.get(`segments/${segment}.note`)) ?? assert.fail())
    if (typeof manifest === 'string') assert.fail(manifest)
    const firsts = manifest.blocks.map(({ first_seq }) => first_seq)
    for (const seq of seqsOf(runs))
      places.set(seq, { seq, segment, block: firsts.findLastIndex((first) => first <= seq) })
  }
  return places
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

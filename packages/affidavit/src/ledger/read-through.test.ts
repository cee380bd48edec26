import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { placeAt } from '../embedded/place.ts'
import { openStore } from '../embedded/store.ts'
import { exportLedger } from '../evidence/export.ts'
import type { Draft } from '../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { type MemoryArchive, memoryArchive } from '../testing/memory-archive.ts'
import { verifyExport } from '../verify/export.ts'
import { verifyProof } from '../verify/proof.ts'
import type { Ledger } from './ledger.ts'
import { wholeBody } from './open-content.ts'
import type { LedgerStore, StoredEntry } from './store.ts'

const ACTOR = { actor_id: 'kim', reason: 'a test' }
const SEGMENT = 'ab'.repeat(16)
const MANIFEST = 'cd'.repeat(32)
/** More than one chunk, and none like another. */
const LARGE = Array.from({ length: 4_000 }, (_, i) => `line ${i} of what was said`).join('\n')

let folder: string
let made = 0
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-read-through-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

function draftOf(ledger: Ledger, n: number): Draft {
  return {
    id: ledger.deriveId('n', String(n)),
    action: 'tool_invoked',
    actor_id: 'agent-1',
    actor_type: 'agent',
    conversation_id: `c${n % 2}`,
    details: { n },
    ...(n === 2 ? { content: [{ name: 'said', media_type: 'text/plain', body: LARGE }] } : {}),
  }
}

interface Clinic extends AsyncDisposable {
  readonly home: string
  readonly store: LedgerStore
  readonly archive: MemoryArchive
  readonly origin: string
  /** As they were recorded. */
  readonly entries: readonly StoredEntry[]
  open(more?: 'without its archive'): Promise<Ledger>
  leave(seqs: readonly number[], state: 'archived' | 'disposed'): Promise<void>
}

/** Six records in two conversations, the second with content of several chunks. */
async function clinic(): Promise<Clinic> {
  const home = join(folder, String(++made))
  const { origin } = await initLedger(home, { origin: 'through.example/log' })
  const clock = fixedClock()
  const archive = memoryArchive()
  const open = async (more?: 'without its archive'): Promise<Ledger> =>
    openFolder(home, { clock, ...(more === undefined ? { archiveReader: archive } : {}) })
  const ledger = await open()
  for (const n of [1, 2, 3, 4, 5, 6]) await ledger.append(draftOf(ledger, n))
  await ledger.publish()
  await ledger.close()
  const people = { kim: { roles: ['privacy_officer', 'auditor'] } }
  writeFileSync(join(home, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: 'a test', people }))
  const store = await openStore(placeAt(home))
  const entries = await store.entries(origin, {}, { limit: 100, order: 'ascending' })
  return {
    home,
    store,
    archive,
    origin,
    entries,
    open,
    async leave(seqs, state) {
      for (const seq of seqs) await putAside(seq)
      const size = (await store.head(origin))?.size ?? 0
      await store.replaceEntries(origin, {
        judged: { size, unless: ['hold_placed'] },
        entries: seqs.map((seq) => ({
          seq,
          leaf: entries[seq]?.nodes.slice(0, 32) ?? new Uint8Array(),
          mark: state === 'archived' ? { state, block: seq % 2, segment: SEGMENT } : { state, manifest: MANIFEST },
        })),
      })
    },
    [Symbol.asyncDispose]: () => store.close(),
  }

  async function putAside(seq: number): Promise<void> {
    const entry = entries[seq]?.entry ?? assert.fail()
    const { content = [] } = JSON.parse(Buffer.from(entry).toString())
    const payloads = new Map<string, readonly Uint8Array[]>()
    for (const { blob_id } of content) {
      const head = await store.payload(origin, blob_id)
      payloads.set(blob_id, [head?.sealed ?? assert.fail(), ...(await store.chunks(origin, blob_id, 1, 100))])
    }
    archive.put({ seq, segment: SEGMENT, block: seq % 2 }, entry, payloads)
  }
}

async function numbersOf(ledger: Ledger, order: 'ascending' | 'descending' = 'ascending'): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { details } of ledger.search({ action: 'tool_invoked' }, { order })) found.push(details?.n)
  return found
}

describe('archived records are read as before', () => {
  test('search, get, at, in both orders and by every page', async () => {
    await using one = await clinic()
    await one.leave([1, 2, 3, 5], 'archived')
    await using ledger = await one.open()
    assert.deepEqual(await numbersOf(ledger), [1, 2, 3, 4, 5, 6])
    assert.deepEqual(await numbersOf(ledger, 'descending'), [6, 5, 4, 3, 2, 1])
    const found: StoredEntry[] = []
    for await (const entry of ledger.entries({ until_seq: 7 })) found.push(entry)
    assert.deepEqual(found, one.entries)
    const second = await ledger.at(2)
    assert.deepEqual(await ledger.get(second?.id ?? ''), second)
    assert.equal((await ledger.as(ACTOR).show(2)).seq, 2)
  })

  test('content, chunk after chunk, opened in one go', async () => {
    await using one = await clinic()
    await one.leave([1, 2, 3], 'archived')
    const [reference] = JSON.parse(Buffer.from(one.entries[2]?.entry ?? []).toString()).content
    assert.ok(reference.sealed_size > SEALED_CHUNK_BYTES)
    assert.equal((await one.store.payload(one.origin, reference.blob_id))?.sealed.length, 0)
    await using ledger = await one.open()
    const [revealed] = await ledger.as(ACTOR).reveal({ record: 2 }, { reason: 'a test' })
    const [content] = revealed?.contents ?? []
    assert.ok(content?.state === 'opened')
    const asked = one.archive.asked()
    assert.equal(Buffer.from(await wholeBody(content.body)).toString(), LARGE)
    assert.ok(one.archive.asked() - asked <= 3)
  })

  test('proofs of them, and of destroyed ones, hold', async () => {
    await using one = await clinic()
    await one.leave([1, 2], 'archived')
    await one.leave([3], 'disposed')
    await using ledger = await one.open()
    const trust = await pinnedBy(ledger)
    for (const seq of [2, 3]) {
      const proof = Buffer.from(await ledger.prove(seq))
      const report = verifyProof(proof, one.entries[seq]?.entry ?? assert.fail(), trust)
      assert.equal(report.status, 'valid')
    }
  })

  test('a draft of theirs handed in again is told from another one', async () => {
    await using one = await clinic()
    await one.leave([1], 'archived')
    await using ledger = await one.open()
    const draft = draftOf(ledger, 1)
    const again = await ledger.append(draft)
    assert.deepEqual([again.state, again.seq, 'duplicate' in again], ['duplicate', 1, false])
    await assert.rejects(ledger.append({ ...draft, details: { n: 99 } }), { code: 'id-conflict' })
  })
})

describe('nothing is passed over:', () => {
  test('without its archive, a record that is there is refused by its name', async () => {
    await using one = await clinic()
    await one.leave([2], 'archived')
    await using ledger = await one.open('without its archive')
    const refused = { code: 'archive-unavailable', message: /the record at seq 2 is archived in the segment (ab){16}/ }
    await assert.rejects(ledger.at(2), refused)
    await assert.rejects(numbersOf(ledger), refused)
    assert.deepEqual((await ledger.at(1))?.details, { n: 1 })
    await ledger.append({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', conversation_id: 'c0' })
  })

  test('an archive that is away, or gives other bytes', async () => {
    await using one = await clinic()
    await one.leave([2, 3], 'archived')
    await using ledger = await one.open()
    one.archive.alter(3, one.entries[2]?.entry ?? assert.fail())
    await assert.rejects(ledger.at(3), { code: 'archive-altered', message: /other bytes for the record at seq 3/ })
    one.archive.cut()
    await assert.rejects(ledger.at(2), { code: 'archive-unavailable' })
  })
})

describe('destroyed records', () => {
  test('are left out of searches, however many pages they fill, and said to be destroyed where they are asked for', async () => {
    await using one = await clinic()
    const { id } = JSON.parse(Buffer.from(one.entries[3]?.entry ?? []).toString())
    await one.leave([1, 2, 3, 4], 'disposed')
    await using ledger = await one.open()
    assert.deepEqual(await numbersOf(ledger), [5, 6])
    const first: unknown[] = []
    for await (const { seq } of ledger.entries({ from_seq: 1 }, { limit: 1 })) first.push(seq)
    assert.deepEqual(first, [5])
    assert.equal(await ledger.get(id), undefined)
    assert.equal(await ledger.isRecorded(id), true)
    for (const which of [3, id])
      await assert.rejects(ledger.as(ACTOR).show(which), {
        code: 'not-found',
        message: /the record at seq 3 was destroyed under the disposition with the manifest (cd){32}/,
      })
    const again = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', id } as const
    const answer = await ledger.append(again)
    assert.deepEqual(
      [answer.state, 'duplicate' in answer && answer.duplicate, answer.seq],
      ['duplicate', 'not compared', 3],
    )
  })
})

test('an export of archived records holds their very bytes, and verifies by itself', async () => {
  await using one = await clinic()
  await one.leave([1, 2, 3, 5], 'archived')
  await using ledger = await one.open()
  const out = join(one.home, 'export')
  await exportLedger(ledger, { out, filter: {}, timeZone: 'UTC' })
  const report = await verifyExport(out, { trust: await pinnedBy(ledger), anchors: [] })
  assert.equal(report.status, 'valid')
  assert.equal(report.records_checked, 8)
})

async function pinnedBy(ledger: Ledger): Promise<{ kind: 'pinned'; keys: VerifierKey[] }> {
  const key = parseVerifierKey(await ledger.verifierKey())
  return { kind: 'pinned', keys: 'code' in key ? assert.fail(key.code) : [key] }
}

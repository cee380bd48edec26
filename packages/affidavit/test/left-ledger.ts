// A ledger that records have left: archived ones, with content, and destroyed ones; an archive in memory, and what says who may.

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { utf8 } from '../src/bytes/text.ts'
import { formatTimestamp } from '../src/clock/clock.ts'
import { formatManifest, type ListedRecord, manifestDigest } from '../src/disposition/manifest.ts'
import { partsOf } from '../src/disposition/paper-parts.ts'
import { formatPlan, planDigest } from '../src/disposition/plan.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { storedArchive } from '../src/embedded/stored-archive.ts'
import { archivedDetails } from '../src/formats/archive-record.ts'
import { generateSignerKey, type SignerKey } from '../src/formats/signer-key.ts'
import type { StubMark } from '../src/formats/stub.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { recordOf } from '../src/ledger/read.ts'
import type { LedgerStore, Removal, StoredEntry } from '../src/ledger/store.ts'
import { approvalDigest, signApproval } from '../src/papers/approval.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { type MemoryArchive, memoryArchive } from '../src/testing/memory-archive.ts'
import { samples } from '../src/testing/sample-drafts.ts'
import type { OpenedStore } from '../src/verify/stored/tasks.ts'
import { throughArchive } from '../src/verify/stored/through-archive.ts'
import type { Trust } from '../src/verify/trust.ts'

export const SEGMENT: string = 'ab'.repeat(16)
/** Seqs: entry 0 stays, so do 6, which has content, the records of what left, and the newest. */
export const ARCHIVED: readonly number[] = [1, 2, 3]
export const DESTROYED: readonly number[] = [4, 5]
export const STANDS = 6
export const NEWEST = 12
/** Whoever let them be destroyed. */
export const APPROVER: SignerKey = generateSignerKey('approver/kim', 'ed25519')

const ARCHIVED_SAYS = archivedDetails({
  segment: SEGMENT,
  manifest_sha256: '1'.repeat(64),
  object_sha256: '2'.repeat(64),
  retention_class: 'default',
  due_month: 'none',
  runs: [{ first: 1, last: 3 }],
  checkpoint_size: 7,
  complete_until: 4,
  payloads_missing: 0,
})

export interface LeftLedger {
  readonly home: string
  readonly file: string
  readonly origin: string
  readonly trust: Trust
  /** As they were recorded. */
  readonly entries: readonly StoredEntry[]
  readonly archive: MemoryArchive
  /** SHA-256 of the manifest that the destroyed ones are on. */
  readonly manifest: string
  /** A signed checkpoint of before anything left, and its size. */
  readonly early: { readonly size: number; readonly note: string }
}

/** Makes the ledger in `folder`. Nothing has left it: `letGo` says what does. */
export async function makeLeftLedger(folder: string): Promise<LeftLedger> {
  const home = join(folder, 'left')
  const { origin, verifierKey } = await initLedger(home, { origin: 'left.example/log' })
  const key = parseVerifierKey(verifierKey)
  if ('code' in key) throw new TypeError(key.code)
  const clock = fixedClock()
  const ledger = await openFolder(home, { clock })
  for (const n of [1, 2, 3, 4, 5, STANDS]) {
    await ledger.append({
      action: 'tool_invoked',
      actor_id: 'agent-1',
      actor_type: 'agent',
      conversation_id: `c${n % 2}`,
      subject_ids: [`patient-${n}`],
      resource_type: 'chart',
      resource_id: `r-${n}`,
      ...(n === 2 || n === STANDS
        ? { content: [{ name: 'said', media_type: 'text/plain', body: `said ${n} `.repeat(9_000) }] }
        : {}),
    })
    if (n === 1) await ledger.publish()
  }
  await ledger.close()
  const store = sqliteStore(databaseFile(home), 'open')
  const { prepareOwn, prepare, batch } = samples(origin)
  const at = clock.now() + 60_000
  const recorded = await store.entries(origin, {}, { limit: 100, order: 'ascending' })
  const { manifest, details } = disposition(origin, recorded, formatTimestamp(clock.now()))
  await store.commit(
    batch(
      [
        prepareOwn({ action: 'records_archived', details: ARCHIVED_SAYS }),
        ...details.map((one) => prepareOwn({ action: 'records_disposed', details: one })),
        prepare({ conversation_id: 'c0' }),
      ],
      at,
    ),
  )
  clock.pass(120_000)
  await (await openFolder(home, { clock })).close()
  const entries = await store.entries(origin, {}, { limit: 100, order: 'ascending' })
  const archive = memoryArchive()
  for (const seq of ARCHIVED) await putAside(store, origin, entries[seq], archive)
  // Behind the first record of a conversation that goes on, and before the content that left.
  const early = await store.latestCheckpoint(origin, 2)
  await store.close()
  if (early === undefined) throw new TypeError('no checkpoint was published')
  return {
    home,
    file: databaseFile(home),
    origin,
    trust: { kind: 'pinned', keys: [key] },
    entries,
    archive,
    manifest,
    early,
  }
}

/** Lets the archived and the destroyed ones leave. */
export async function letGo(store: LedgerStore, { origin, entries, manifest }: LeftLedger): Promise<void> {
  const marked = (seqs: readonly number[], mark: (seq: number) => StubMark): Removal['entries'] =>
    seqs.map((seq) => ({ seq, leaf: entries[seq]?.nodes.slice(0, 32) ?? new Uint8Array(), mark: mark(seq) }))
  await store.replaceEntries(origin, {
    judged: { size: entries.length, unless: ['hold_placed'] },
    entries: [
      ...marked(ARCHIVED, (seq) => ({ state: 'archived', block: seq % 2, segment: SEGMENT })),
      ...marked(DESTROYED, () => ({ state: 'disposed', manifest })),
    ],
  })
}

async function putAside(
  store: LedgerStore,
  origin: string,
  row: StoredEntry | undefined,
  archive: MemoryArchive,
): Promise<void> {
  if (row === undefined) throw new TypeError('no such entry')
  const { content = [] } = JSON.parse(Buffer.from(row.entry).toString())
  const payloads = new Map<string, readonly Uint8Array[]>()
  for (const { blob_id } of content) {
    const head = await store.payload(origin, blob_id)
    const more = await store.chunks(origin, blob_id, 1, 100)
    if (head !== undefined) payloads.set(blob_id, [head.sealed, ...more])
  }
  archive.put({ seq: row.seq, segment: SEGMENT, block: row.seq % 2 }, row.entry, payloads)
}

// The papers of the destroyed ones and the decision, as records of the ledger hold them.
function disposition(
  ledger: string,
  entries: readonly StoredEntry[],
  now: string,
): { readonly manifest: string; readonly details: readonly OwnDetails[] } {
  const plan_id = '019aa5c1-2f00-7abc-8def-0123456789ab'
  const manifest = formatManifest({ ledger, plan_id, records: DESTROYED.map((seq) => listed(entries[seq], now)) })
  const manifest_sha256 = manifestDigest(manifest)
  const [first_seq = 0, last_seq = 0] = DESTROYED
  const plan = {
    ...{ ledger, plan_id, made_at: now, made_by: 'dr.lee', as_of_seq: STANDS, judged_at: now },
    ...{ policy_set_sha256: 'a'.repeat(64), manifest_sha256, records: DESTROYED.length, first_seq, last_seq },
    ...{ policies: [{ policy: 'soc2', records: 2 }], contents: 0, stays: [], objects: [], delay_days: 0 },
    ...{ copies: [], not_destroyed: ['Leaf hashes stay.'] },
  }
  const plan_sha256 = planDigest(plan)
  const said = { ledger, plan_id, plan_sha256, approver: 'kim', approved_at: now, decision: 'approve' } as const
  const note = utf8(signApproval('disposition', said, APPROVER))
  const approval_sha256 = approvalDigest('disposition', note)
  const papers = [
    ...partsOf(manifest, manifest_sha256),
    ...partsOf(formatPlan(plan), plan_sha256),
    ...partsOf(note, approval_sha256),
  ]
  const decided = { phase: 'decided', plan_sha256, manifest_sha256, approval_sha256, records: DESTROYED.length }
  return { manifest: manifest_sha256, details: [...papers.map((part) => ({ ...part })), decided] }
}

type OwnDetails = { readonly [name: string]: string | number }

function listed(row: StoredEntry | undefined, due_since: string): ListedRecord {
  if (row === undefined) throw new TypeError('no such entry')
  const { seq, integrity_hash, id, recorded_at, conversation_id, conversation_seq } = recordOf(row)
  const place =
    conversation_id === undefined || conversation_seq === undefined ? {} : { conversation_id, conversation_seq }
  return { seq, integrity_hash, id, recorded_at, ...place, retention_class: 'soc2', due_since, policies: ['soc2'] }
}

/** Entries are found by their ids, those that left too, with the bytes that they had. */
export async function expectFoundByIds(store: OpenedStore, { entries, origin, archive }: LeftLedger): Promise<void> {
  const archiveOf = (asked: string) => (asked === origin ? storedArchive(archive) : undefined)
  const { ledgers } = throughArchive(store, archiveOf)
  const [listed] = await ledgers.list()
  const wanted = entries.filter(({ seq }) => !DESTROYED.includes(seq))
  const ids = wanted.map((entry) => recordOf(entry).id)
  const found = await ledgers.log(listed?.no ?? 0).entriesOf([...ids, 'nobody’s'])
  assert.deepEqual(
    found.map((one) => one && [one.seq, Buffer.from(one.bytes).toString()]),
    [...wanted.map(({ seq, entry }) => [seq, Buffer.from(entry).toString()]), undefined],
  )
}

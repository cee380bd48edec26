// A segment into the archive (spec/archive.md §1). The order is the promise: the key is durable before anything is sealed under it; object and
// manifest are there, and were read back byte by byte, before a record says so. Each step can be done again, and comes to the same bytes.

import { equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type ArchivedSegment, archivedDetails } from '../formats/archive-record.ts'
import type { Draft } from '../formats/fields.ts'
import { idOf, type SegmentManifest, segmentKeys, segmentText } from '../formats/segment.ts'
import { formatRuns } from '../formats/seq-runs.ts'
import { openSegmentNote } from '../formats/signed-segment.ts'
import type { Settled } from '../ledger/place.ts'
import type { ArchivedSet } from './archived.ts'
import type { Archiving } from './archiving.ts'
import { logKeys } from './log-keys.ts'
import type { ObjectStore } from './object-store.ts'
import { type Covering, sealSegment } from './seal-segment.ts'
import type { Gathered } from './segment-builder.ts'
import { type SegmentGroup, segmentKey } from './segment-key.ts'
import { refuseUnlessStillThere, type Sealed } from './still-there.ts'

/** @throws LedgerError `archive-unavailable`, `archive-altered` (what is read back is not what was written), `store-corrupt`, and what recording throws */
export async function writeSegment(
  parts: Archiving,
  group: SegmentGroup,
  gathered: Gathered,
  covering: Covering,
  lockUntil: UnixMillis | undefined,
  archived: Pick<ArchivedSet, 'untilWith' | 'add'>,
): Promise<ArchivedSegment> {
  const { store, ledger, objects } = parts
  // 1. A key that is lost would take the segment with it.
  const name = { ledger, ...group, seqs: formatRuns(gathered.runs) }
  const key = await segmentKey(parts, name)
  const locked = lockUntil === undefined ? undefined : formatTimestamp(lockUntil)
  // 2. Bytes that follow from what is in them, and lead to the root that was signed.
  const { object, manifest } = await sealSegment(key, { ledger, ...group }, gathered, covering, locked, store)
  const keys = segmentKeys(idOf(manifest))
  // 3. Both are kept, under their lock; the manifest of an earlier attempt is as good.
  await keep(objects, keys.object, object, lockUntil)
  const note = await keepManifest(parts, keys.manifest, manifest, lockUntil)
  // 4. Nothing rests on what a store answered: bytes and lock are read back.
  await compare(objects, keys.object, object)
  await compare(objects, keys.manifest, note)
  const locked_until = await provenLock(objects, [keys.object, keys.manifest], lockUntil)
  // 5. What is on record is there, and was not destroyed meanwhile.
  const sealed = { runs: gathered.runs, name, key, size: covering.head.size }
  const segment: ArchivedSegment = {
    segment: idOf(manifest),
    manifest_sha256: sha256Hex(note),
    object_sha256: manifest.object.sha256,
    ...group,
    runs: gathered.runs,
    checkpoint_size: covering.head.size,
    complete_until: archived.untilWith(gathered.runs),
    payloads_missing: gathered.payloads_missing,
    ...(locked_until === undefined ? {} : { locked_until: formatTimestamp(locked_until) }),
  }
  // Of two that archive the same at once, one has it on record.
  const { seq } = await recordBehind(parts, sealed, {
    id: parts.deriveId('records_archived', segment.segment),
    action: 'records_archived',
    outcome: 'success',
    actor_id: 'affidavit',
    actor_type: 'system',
    data_classification: 'internal',
    details: archivedDetails(segment),
  })
  archived.add({ ...segment, recorded_seq: seq })
  return segment
}

/** Others hold, destroy and archive at the same time; each time it is judged anew. */
const ATTEMPTS = 100

// Nothing comes between the judgement and the record by which it would be another one.
async function recordBehind(parts: Archiving, sealed: Sealed, draft: Draft): Promise<Settled> {
  const { rows, ledger, recordJudged } = parts
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const size = (await rows.head(ledger))?.size ?? 0
    await refuseUnlessStillThere(parts, sealed)
    const settled = await recordJudged(draft, size)
    if (settled !== 'overtaken') return settled
  }
  throw new LedgerError('not-committed', {
    problem: 'others record what may change whether a segment can be on record, faster than that is judged',
    cure: 'archive again: what was written is found there',
  })
}

/** Keeps an object; that a lock was refused is seen when it is read back. */
export async function keep(
  objects: ObjectStore,
  key: string,
  bytes: Uint8Array,
  lockUntil: UnixMillis | undefined,
): Promise<void> {
  try {
    await objects.put(key, bytes, lockUntil)
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'lock-refused')) throw error
  }
}

async function keepManifest(
  parts: Archiving,
  key: string,
  manifest: SegmentManifest,
  lockUntil: UnixMillis | undefined,
): Promise<Uint8Array> {
  const note = utf8(await parts.sign(segmentText(manifest)))
  try {
    await keep(parts.objects, key, note, lockUntil)
    return note
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'object-exists')) throw error
    const found = await parts.objects.get(key)
    if (found === undefined || !(await isOfSame(parts, found, manifest))) throw error
    await keep(parts.objects, key, found, lockUntil)
    return found
  }
}

// Signed by the key of before, or for another lock: all else is the same.
async function isOfSame({ store, ledger }: Archiving, found: Uint8Array, manifest: SegmentManifest): Promise<boolean> {
  const opened = openSegmentNote(found, await logKeys(store, ledger))
  if ('fault' in opened) return false
  const { locked_until: _, ...there } = opened.manifest
  const { locked_until: __, ...ours } = manifest
  return segmentText(there) === segmentText(ours)
}

async function compare(objects: ObjectStore, key: string, written: Uint8Array): Promise<void> {
  const [read, stat] = [await objects.get(key), await objects.stat(key)]
  if (read !== undefined && equalBytes(read, written) && stat?.size === written.length) return
  throw new LedgerError('archive-altered', {
    problem: `${objects.where} does not give back what was written to ${key}; nothing is on record as archived there`,
    cure: 'keep the object as evidence; archive again when the store does what it says',
  })
}

/** Until when the store keeps all of these, as it says itself, and can prove; `undefined` where it cannot, or not so long as was asked. */
export async function provenLock(
  objects: ObjectStore,
  keys: readonly string[],
  asked: UnixMillis | undefined,
): Promise<UnixMillis | undefined> {
  if (asked === undefined || (await objects.lockProof()).lock === 'none') return undefined
  const ends: UnixMillis[] = []
  for (const key of keys) ends.push((await objects.stat(key))?.locked_until ?? 0)
  const end = Math.min(...ends)
  return end >= asked ? end : undefined
}

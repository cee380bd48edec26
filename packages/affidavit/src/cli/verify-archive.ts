// Verifying an archive: every segment that a ledger has on record, with its keys; or whatever lies in a store, by pinned keys alone.

import type { KeyObject } from 'node:crypto'

import { incarnationOf } from '../archive/covering.ts'
import { keptCheckpoints, runCheckpoints } from '../archive/kept-checkpoints.ts'
import type { ObjectStore } from '../archive/object-store.ts'
import { findSegmentKey } from '../archive/segment-key.ts'
import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { type SegmentManifest, segmentKeys } from '../formats/segment.ts'
import type { SegmentKeyFile } from '../formats/segment-key-file.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import type { Archival } from '../ledger/archival.ts'
import { isOver, readSegments } from '../ledger/archived-segments.ts'
import { readPages, recordOf } from '../ledger/read.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { createArchiveVerification } from '../verify/archive.ts'
import type { CheckpointObject, WantedCheckpoint } from '../verify/archived-checkpoints.ts'
import { readSigned } from '../verify/checkpoints.ts'
import type { KeyEntry } from '../verify/entries.ts'
import { createFindings } from '../verify/finding.ts'
import type { Report } from '../verify/report.ts'
import type { SegmentBytes } from '../verify/segment.ts'
import { namedKeys, type Trust } from '../verify/trust.ts'

export interface Telling {
  onProgress(checked: number): void
}

export async function verifyArchive(
  { store, rows, ledger, keyring }: Pick<Archival, 'store' | 'rows' | 'ledger' | 'keyring'>,
  objects: ObjectStore,
  trust: Trust,
  { onProgress }: Telling,
): Promise<Report> {
  const { held, trusted: keys } = await signedBy(store, ledger, trust)
  const pinned = trust.kind === 'pinned' ? 'pinned key' : 'first use'
  const verification = createArchiveVerification({ origin: ledger, keys }, pinned, 'the ledger')
  const segments = await readSegments(store, ledger)
  let checked = 0
  for (const expected of segments) {
    const segment = await readSegment(objects, expected.segment)
    const key = await keyFor(segment)
    const isWhole = segment.manifest !== undefined && segment.object !== undefined && key !== undefined
    const isClosed = !isWhole && (await isOver({ rows, ledger }, expected))
    // What stands of a segment on which nothing rests is what was signed, and nobody opens it; what does not stand is not missed.
    if (isClosed && (segment.manifest === undefined || segment.object === undefined)) continue
    verification.check(segment, expected, () => (isClosed ? 'none' : key))
    checked++
    onProgress(checked)
  }
  const kept = new Map(held.map(({ size, root }) => [size, root]))
  verification.checkpoints(await checkpointsOf(objects, ledger), runCheckpoints(ledger, segments), kept)
  return verification.report()

  async function keyFor({ manifest }: SegmentBytes): Promise<KeyObject | undefined> {
    const read = manifest === undefined ? undefined : readSegmentNote(manifest)
    if (read === undefined || typeof read === 'string') return undefined
    return findSegmentKey({ keyring }, read)
  }
}

/** @param given keys of segments, to be opened too @throws LedgerError `invalid-query` where the keys are of several ledgers, `not-found` where there is no segment */
export async function verifyStoreAlone(
  objects: ObjectStore,
  trust: Trust & { readonly kind: 'pinned' },
  given: SegmentKeyFile | undefined,
  { onProgress }: Telling,
): Promise<Report> {
  const origins = [...new Set(trust.keys.map(({ name }) => name))]
  const [origin] = origins
  if (origin === undefined || origins.length > 1) {
    throw new LedgerError('invalid-query', {
      problem: 'without a ledger, the keys have to say of which ledger the archive is',
      cure: 'pin the verifier keys of one ledger: --vkey',
      path: '--vkey',
    })
  }
  if (given !== undefined && given.ledger !== origin) {
    throw new LedgerError('invalid-query', {
      problem: `--segment-keys: the keys are of segments of ${given.ledger}, and the archive is to be that of ${origin}`,
      cure: 'pin the key of that ledger, or give the keys of this one',
      path: '--segment-keys',
    })
  }
  const verification = createArchiveVerification({ origin, keys: trust.keys }, 'pinned key', 'nothing')
  const wanted: WantedCheckpoint[] = []
  const [objectsThere, manifests] = [new Set<string>(), new Set<string>()]
  for await (const key of objects.list('segments/')) {
    const [, id, kind] = /^segments\/([0-9a-f]{32})\.(note|seg)$/.exec(key) ?? []
    if (id === undefined) continue
    if (kind === 'seg') {
      objectsThere.add(id)
      continue
    }
    manifests.add(id)
    const segment = await readSegment(objects, id)
    // Others may archive to the same place.
    const manifest = segment.manifest === undefined ? undefined : readSegmentNote(segment.manifest)
    if (typeof manifest === 'object' && manifest.ledger !== origin) continue
    verification.check(segment, undefined, () => given?.keys.get(id) ?? 'none')
    if (typeof manifest === 'object') wanted.push(...coveringOf(id, manifest))
    onProgress(manifests.size)
  }
  for (const id of manifests) objectsThere.delete(id)
  verification.checkpoints(await checkpointsOf(objects, origin), wanted)
  return verification.report(objectsThere.size)
}

async function checkpointsOf(objects: ObjectStore, ledger: string): Promise<CheckpointObject[]> {
  const found: CheckpointObject[] = []
  for await (const one of keptCheckpoints(objects, incarnationOf(ledger))) found.push(one)
  return found
}

// The manifest repeats the checkpoint of its run, under its own lock.
function coveringOf(segment: string, { checkpoint, ledger }: SegmentManifest): WantedCheckpoint[] {
  const note = parseNote(utf8(checkpoint))
  const body = 'code' in note ? note : parseCheckpointBody(note.text)
  return 'code' in body ? [] : [{ ...body, where: `checkpoints/${incarnationOf(ledger)}/`, segment }]
}

async function readSegment(objects: ObjectStore, id: string): Promise<SegmentBytes> {
  const { object, manifest } = segmentKeys(id)
  return { id, manifest: await objects.get(manifest), object: await objects.get(object) }
}

// Every checkpoint that the ledger keeps, and every key that was in force, followed from the one that is trusted.
async function signedBy(store: LedgerStore, origin: string, trust: Trust): Promise<ReturnType<typeof readSigned>> {
  const entries: KeyEntry[] = []
  for (const filter of [{ until_seq: 1 }, { action: 'key_rotated' }]) {
    for await (const entry of readPages(store, origin, filter)) {
      const { seq, action, details = {} } = recordOf(entry)
      entries.push({ seq, action, details })
    }
  }
  const checkpoints: { size: number; note: string; cosignatures: readonly string[] }[] = []
  for (let page = await store.checkpoints(origin, -1, 500); page.length > 0; ) {
    checkpoints.push(...page)
    page = await store.checkpoints(origin, page.at(-1)?.size ?? 0, 500)
  }
  return readSigned({ origin, trust, checkpoints }, namedKeys(entries), createFindings())
}

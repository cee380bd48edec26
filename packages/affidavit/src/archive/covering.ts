// The checkpoint under which a run archives. It is kept in the archive before anything else is, under a name that says which run it is for: a run
// that was interrupted goes on below the same checkpoint, and so comes to the same segments. There it is an anchor, too.

import { equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import type { StoredCheckpoint } from '../ledger/store.ts'
import type { ArchivedSet, RecordedSegment } from './archived.ts'
import type { Archiving } from './archiving.ts'
import type { Covering } from './seal-segment.ts'
import { anythingWaits, type Gathering } from './waiting.ts'
import { keep } from './write-segment.ts'

export interface RunCovering extends Covering {
  /** Where it is kept in the archive; absent for that of a run that goes on. */
  readonly key?: string
}

/** In this order, each where something waits below it: that of the run before, that of a run which was begun, and the newest one. */
export async function* coverings(
  parts: Archiving,
  archived: ArchivedSet,
  gathering: Gathering | undefined,
): AsyncGenerator<RunCovering> {
  const { store, ledger, objects } = parts
  const before = archived.newest()?.checkpoint_size ?? 0
  if (await anythingWaits(parts, archived, before)) {
    const kept = await store.latestCheckpoint(ledger, before)
    if (kept?.size === before) yield coveringOf(kept)
  }
  const begun = await objects.get(runKey(parts, archived))
  if (begun !== undefined) {
    const covering = await standing(parts, runKey(parts, archived), begun)
    if (await anythingWaits(parts, archived, covering.head.size)) yield { ...covering, key: runKey(parts, archived) }
  }
  const newest = await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER)
  if (newest !== undefined && (await anythingWaits(parts, archived, newest.size, gathering)))
    yield begin(parts, archived, newest)
}

// Named after what was on record when the run began.
function runKey({ ledger }: Archiving, archived: ArchivedSet): string {
  return runKeyBehind(ledger, archived.newest())
}

/** @param newest on record when the run begins; nothing at the first one */
export function runKeyBehind(ledger: string, newest: Pick<RecordedSegment, 'recorded_seq'> | undefined): string {
  return `checkpoints/${incarnationOf(ledger)}/${newest === undefined ? 0 : newest.recorded_seq + 1}.note`
}

/** INCARNATION of NAME/INCARNATION. */
export function incarnationOf(ledger: string): string {
  return ledger.slice(ledger.lastIndexOf('/') + 1)
}

async function begin(parts: Archiving, archived: ArchivedSet, newest: StoredCheckpoint): Promise<RunCovering> {
  const [key, note] = [runKey(parts, archived), utf8(newest.note)]
  try {
    await keep(parts.objects, key, note, undefined)
    return { ...coveringOf(newest), key }
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'object-exists')) throw error
    const begun = await parts.objects.get(key)
    if (begun === undefined) throw error
    // Somebody else began the same run; or one was begun of which nothing is to be archived now.
    const covering = await standing(parts, key, begun)
    if (await anythingWaits(parts, archived, covering.head.size)) return { ...covering, key }
    const besides = key.replace('.note', `-${newest.size}.note`)
    await keep(parts.objects, besides, note, undefined)
    return { ...coveringOf(newest), key: besides }
  }
}

async function standing({ store, ledger, objects }: Archiving, key: string, note: Uint8Array): Promise<Covering> {
  const parsed = parseNote(note)
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  const kept = 'code' in body ? undefined : await store.latestCheckpoint(ledger, body.size)
  if (kept !== undefined && equalBytes(utf8(kept.note), note)) return coveringOf(kept)
  throw new LedgerError('archive-altered', {
    problem: `${key} in ${objects.where} is no checkpoint that the ledger kept; nothing was archived`,
    cure: 'affidavit verify tells whether the ledger lost a checkpoint; else keep the object as evidence, and archive to another place',
  })
}

/** @throws LedgerError `store-corrupt` where the note is not of this size */
export function coveringOf({ note, size }: Pick<StoredCheckpoint, 'note' | 'size'>): Covering {
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if (!('code' in body) && body.size === size) return { head: { size, root: body.root }, note }
  throw new LedgerError('store-corrupt', {
    problem: `the checkpoint that is kept under size ${size} cannot be read`,
    cure: 'run affidavit verify: it says what was changed',
  })
}

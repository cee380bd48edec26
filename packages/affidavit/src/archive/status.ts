// What is archived, what waits, and whether the archive keeps it (spec/archive.md §7).

import { segmentKeys } from '../formats/segment.ts'
import { countDistinct, countRuns } from '../formats/seq-runs.ts'
import { isOver, readSegments } from '../ledger/archived-segments.ts'
import { readDispositions } from '../ledger/disposition-records.ts'
import type { SeqRun } from '../merkle/partial.ts'
import { readArchivedSet } from './archived.ts'
import type { Archiving } from './archiving.ts'
import type { LockProof, ObjectStat } from './object-store.ts'
import { waitingPages } from './waiting.ts'

export interface ArchiveStatus {
  /** Where it is. */
  readonly path: string
  readonly archived: number
  readonly segments: number
  /** Published, and not archived; records about archiving are not counted. */
  readonly waiting: number
  /** Not published yet. */
  readonly unpublished: number
  /** When the oldest that waits was recorded. */
  readonly waiting_since?: string
  readonly lock: LockProof
  /** Segments that the store has, each object under a lock that ends no earlier than is on record. */
  readonly locked: number
  /** Segments of which something is not there. */
  readonly missing: readonly string[]
  /** Segments on which nothing rests, as their records were destroyed or lie in another one: they stand until no lock keeps them, and are in no other number. */
  readonly ended: number
  readonly groups: readonly ArchivedGroup[]
}

export interface ArchivedGroup {
  readonly retention_class: string
  readonly due_month: string
  readonly records: number
  readonly segments: number
  /** The earliest end of a lock; absent where one of them is not locked. */
  readonly locked_until?: string
}

export async function archiveStatus(parts: Archiving): Promise<ArchiveStatus> {
  const { store, ledger, objects } = parts
  const lock = await objects.lockProof()
  const groups = new Map<string, ArchivedGroup>()
  const missing: string[] = []
  const runs: SeqRun[] = []
  const ending = await endingObjects(parts)
  let [segments, locked, ended] = [0, 0, 0]
  for (const segment of await readSegments(store, ledger)) {
    const records = countRuns(segment.runs)
    const end = await lockedUntil(parts, segment.segment)
    // A disposition took it away, or is about to.
    if (end === 'missing' && (await isOver(parts, segment))) continue
    if (end !== 'missing' && (segment.state === 'replaced' || ending.has(segmentKeys(segment.segment).object))) {
      ended++
      continue
    }
    segments++
    runs.push(...segment.runs)
    if (end === 'missing') missing.push(segment.segment)
    else if (lock.lock === 'compliance' && end !== undefined) locked++
    const name = `${segment.retention_class} ${segment.due_month}`
    groups.set(name, withSegment(groups.get(name), segment, records, end))
  }
  return {
    path: objects.where,
    archived: countDistinct(runs),
    segments,
    ...(await waitingIn(parts)),
    lock,
    locked,
    missing,
    ended,
    groups: [...groups.values()],
  }
}

/** What dispositions are to delete, and could not yet. */
async function endingObjects({ store, ledger }: Archiving): Promise<ReadonlySet<string>> {
  const { dispositions } = await readDispositions(store, ledger)
  const objects = dispositions.flatMap(({ outcome }) => outcome?.told.objects ?? [])
  return new Set(objects.filter(({ fate }) => fate === 'goes').map(({ key }) => key))
}

async function lockedUntil({ objects }: Archiving, id: string): Promise<number | 'missing' | undefined> {
  const { object, manifest } = segmentKeys(id)
  const stats: (ObjectStat | undefined)[] = [await objects.stat(object), await objects.stat(manifest)]
  if (stats.includes(undefined)) return 'missing'
  const ends = stats.map((stat) => stat?.locked_until ?? 0)
  return Math.min(...ends) === 0 ? undefined : Math.min(...ends)
}

function withSegment(
  before: ArchivedGroup | undefined,
  { retention_class, due_month }: Pick<ArchivedGroup, 'retention_class' | 'due_month'>,
  records: number,
  end: number | 'missing' | undefined,
): ArchivedGroup {
  const until = typeof end === 'number' ? new Date(end).toISOString() : undefined
  // Of one spelling, times sort as texts.
  const earliest =
    before === undefined
      ? until
      : [before.locked_until, until].every((one) => one !== undefined)
        ? [before.locked_until ?? '', until ?? ''].sort()[0]
        : undefined
  return {
    retention_class,
    due_month,
    records: (before?.records ?? 0) + records,
    segments: (before?.segments ?? 0) + 1,
    ...(earliest === undefined ? {} : { locked_until: earliest }),
  }
}

async function waitingIn(parts: Archiving): Promise<Pick<ArchiveStatus, 'waiting' | 'unpublished' | 'waiting_since'>> {
  const { store, ledger } = parts
  const size = (await store.head(ledger))?.size ?? 0
  const published = (await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER))?.size ?? 0
  const archived = await readArchivedSet(store, ledger)
  let waiting = 0
  let since: string | undefined
  for await (const page of waitingPages(parts, archived, published)) {
    for (const { record } of page) {
      // These go with what comes next.
      if (record.action === 'records_archived') continue
      waiting++
      since ??= record.recorded_at
    }
  }
  return { waiting, unpublished: size - published, ...(since === undefined ? {} : { waiting_since: since }) }
}

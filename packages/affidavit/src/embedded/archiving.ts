// The archive of a ledger for who embeds it: what affidavit archive and affidavit retention run do, in somebody's name (spec/archive.md).

import type { AccessPolicy } from '../access/policy.ts'
import { archiveRecords } from '../archive/archive-records.ts'
import type { Archiving } from '../archive/archiving.ts'
import { readDue } from '../archive/due.ts'
import { extendLocks } from '../archive/extend-locks.ts'
import type { ObjectStore } from '../archive/object-store.ts'
import { type Removed, removeArchived } from '../archive/remove.ts'
import { restoreRecords } from '../archive/restore.ts'
import { type ArchiveStatus, archiveStatus } from '../archive/status.ts'
import type { Clock } from '../clock/clock.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Operator } from '../ledger/operator.ts'
import { expectAllowed } from '../ledger/reader.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { readAccess } from './access.ts'
import { openArchive } from './archive-place.ts'

/** Each stops where whoever goes through it stops, and goes on there next time. */
export interface LedgerArchive {
  /**
   * Publishes, and archives what is published and not archived yet, a segment at a time: each is read back and on record when it is told of. Then extends
   * locks to the minimums of today.
   */
  run(): AsyncGenerator<ArchivedSegment>
  /** Takes out of the database what may leave it, for who may `archive`. Destroys nothing. @param mode a trial says what would leave, and changes nothing */
  remove(mode?: 'run' | 'trial'): AsyncGenerator<Removed>
  /**
   * Brings what fits the filter back into the database, for who may `archive`; how many records each time. Reading needs no restore.
   * @param days for which `remove` takes it out no more; 90 where left out
   */
  restore(filter: EntryFilter, days?: number): AsyncGenerator<number>
  status(): Promise<ArchiveStatus>
}

export interface ArchivePlace {
  readonly home: string
  /** A store that the caller closes, or a place; that of the settings where left out. */
  readonly archive: ObjectStore | string | undefined
  readonly access: AccessPolicy | undefined
  readonly clock: Clock | undefined
}

/** @throws LedgerError `invalid-query` where no archive is named, when something is asked of it */
export function createLedgerArchive(ledger: Ledger, place: ArchivePlace, by: Operator): LedgerArchive {
  const { archival, retention: set } = ledger

  function open(): ObjectStore {
    const { home, archive, clock } = place
    return typeof archive === 'object' ? archive : openArchive(home, clock, archive)
  }

  async function partsWith(objects: ObjectStore): Promise<Archiving> {
    return { ...archival, objects, dueOf: await readDue(archival.store, archival.ledger, { set, at: archival.now() }) }
  }

  async function letGo(objects: ObjectStore): Promise<void> {
    if (objects !== place.archive) await objects.close()
  }

  async function* within<Told>(work: (parts: Archiving) => AsyncIterable<Told>): AsyncGenerator<Told> {
    const objects = open()
    try {
      yield* work(await partsWith(objects))
    } finally {
      await letGo(objects)
    }
  }

  function expectArchivist(): void {
    expectAllowed(place.access ?? readAccess(place.home), by, 'archive')
  }

  return {
    run: () =>
      within(async function* (parts) {
        await ledger.publish()
        yield* archiveRecords(parts)
        await extendLocks(parts, set)
      }),
    async *remove(mode = 'run') {
      expectArchivist()
      yield* within((parts) => removeArchived(parts, { set, by, mode, publish: () => ledger.publish() }))
    },
    async *restore(filter, days) {
      expectArchivist()
      yield* restoreRecords(archival, await ledger.recordedFilter(filter), by, days)
    },
    async status() {
      const objects = open()
      try {
        return await archiveStatus(await partsWith(objects))
      } finally {
        await letGo(objects)
      }
    },
  }
}

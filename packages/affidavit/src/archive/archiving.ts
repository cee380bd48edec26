// What the archiver works on: a ledger from the inside, the store of its objects, and who says when records fall due.

import type { UnixMillis } from '../clock/clock.ts'
import type { Archival } from '../ledger/archival.ts'
import type { ReadRecord } from '../ledger/retention-knowledge.ts'
import type { ObjectStore } from './object-store.ts'

/** When a record may be destroyed, as far as that is known. */
export interface Due {
  /** The class that it counts as. */
  readonly retention_class: string
  /** The month in which its minimum ends, in the time zone of the policies; `open` while an anchor is awaited, `none` without a minimum. */
  readonly due_month: string
  /** Where its minimum ends. */
  readonly min_until?: UnixMillis
}

export interface Archiving extends Archival {
  readonly objects: ObjectStore
  /** `undefined`: not to be archived now. */
  dueOf(record: ReadRecord): Due | undefined
}

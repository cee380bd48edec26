// Intents that no outcome followed (spec/authority.md §6): held while a ledger is read, and let go of with their outcome.

import type { Action, AuditRecord } from '../formats/fields.ts'
import type { Asked } from '../ledger/question.ts'

export interface OpenIntents {
  see(record: AuditRecord): void
  /** Those that none of the records that were seen is an outcome of, nor any other, in the order of seq. */
  left(asked: Asked): Promise<readonly AuditRecord[]>
}

/** `outcomesOf`: by what actions a record is followed that names it as its cause; `undefined` where it is no intent. */
export function createOpenIntents(outcomesOf: (record: AuditRecord) => readonly Action[] | undefined): OpenIntents {
  const open = new Map<string, AuditRecord>()

  function isOutcome({ action }: AuditRecord, intent: AuditRecord): boolean {
    return outcomesOf(intent)?.includes(action) ?? false
  }

  // A spool can bring the outcome first.
  async function hasOutcome(intent: AuditRecord, asked: Asked): Promise<boolean> {
    for await (const child of asked.find({ parent_id: intent.id })) if (isOutcome(child, intent)) return true
    return false
  }

  return {
    see(record) {
      const intent = record.parent_id === undefined ? undefined : open.get(record.parent_id)
      if (intent !== undefined && isOutcome(record, intent)) open.delete(intent.id)
      if (outcomesOf(record) !== undefined) open.set(record.id, record)
    },
    async left(asked) {
      const left: AuditRecord[] = []
      for (const intent of open.values()) if (!(await hasOutcome(intent, asked))) left.push(intent)
      return left.sort((one, other) => one.seq - other.seq)
    },
  }
}

/** What says what became of a call. */
export const OUTCOMES_OF_CALLS: readonly Action[] = [
  'tool_completed',
  'data_accessed',
  'data_modified',
  'data_disclosed',
  'access_denied',
]

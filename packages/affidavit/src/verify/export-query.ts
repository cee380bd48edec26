// Whether an entry is one that was asked for.

import type { ExportQuery } from '../formats/export.ts'
import type { Entry } from './entries.ts'

const SAME = ['id', 'conversation_id', 'actor_id', 'resource_type', 'resource_id', 'parent_id', 'action'] as const

/** Whether every condition holds. Times compare as text: RFC 3339 in UTC with milliseconds sorts as it runs. */
export function fitsQuery(entry: Entry, query: ExportQuery): boolean {
  return (
    SAME.every((name) => query[name] === undefined || query[name] === entry[name]) &&
    (query.subject_id === undefined || (entry.subject_ids ?? []).includes(query.subject_id)) &&
    isWithin(entry.timestamp, query.from, query.until) &&
    isWithin(entry.recorded_at, query.recorded_from, query.recorded_until) &&
    isWithin(entry.seq, query.from_seq, query.until_seq)
  )
}

function isWithin<T extends string | number>(value: T, from: T | undefined, until: T | undefined): boolean {
  return (from === undefined || value >= from) && (until === undefined || value < until)
}

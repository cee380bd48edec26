// What is listed beside the entries, walked along with them: each entry's names are there, and nothing else is.

import { equalBytes } from '../../bytes/compare.ts'
import { utf8 } from '../../bytes/text.ts'
import type { Listed } from './stored-log.ts'

export interface ListCheck {
  /** Takes what is listed up to the end of the next page. */
  take(listed: readonly Listed[]): void
  /** What differs between the entry at `seq`, with its names and its claimed time, and what is listed for it. */
  /** Passes over what is listed for the entry at `seq`, whose names nobody can tell. */
  skip(seq: number): void
  differs(seq: number, names: readonly string[], timestamp?: string): string | undefined
}

/** @param table how findings name the list */
export function createListCheck(table: 'entry_subjects' | 'payload_uses'): ListCheck {
  let pending: readonly Listed[] = []
  let next = 0
  return {
    take(listed) {
      // What is left is listed for rows that could not be read: all of it strays, of which the first is named.
      pending = next < pending.length ? [...pending.slice(next, next + 1), ...listed] : listed
      next = 0
    },
    skip(seq) {
      while ((pending[next]?.seq ?? Number.POSITIVE_INFINITY) <= seq) next++
    },
    differs(seq, names, timestamp) {
      const first = pending[next]
      if (names.length === 0 && (first === undefined || first.seq > seq)) return undefined
      const listed: Uint8Array[] = []
      let stray: number | undefined
      let isOtherTime = false
      for (let row = first; row !== undefined && row.seq <= seq; row = pending[++next]) {
        if (row.seq !== seq) stray ??= row.seq
        else {
          listed.push(row.name)
          isOtherTime ||= row.timestamp !== undefined && row.timestamp !== timestamp
        }
      }
      if (stray !== undefined) return `${table} lists rows for seq ${stray}, which has none`
      if (isOtherTime) return `${table} has another time than the entry`
      return sameNames(names.map(utf8), listed) ? undefined : `${table} does not list what the entry names`
    },
  }
}

function sameNames(names: Uint8Array[], listed: Uint8Array[]): boolean {
  if (names.length !== listed.length) return false
  const sorted = listed.sort(Buffer.compare)
  return names.sort(Buffer.compare).every((name, i) => equalBytes(name, sorted[i] ?? NO_BYTES))
}

const NO_BYTES = new Uint8Array()

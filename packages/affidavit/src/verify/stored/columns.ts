// Query columns that a store keeps beside an entry, where it does not derive them: a search by them finds what the entry says.

import { decodeUtf8 } from '../../bytes/text.ts'
import { entryOf } from '../../merkle/hash.ts'
import type { StoredRow } from '../chunk.ts'

/** What differs between an entry and the columns beside it. */
export function columnsProblem({ entry, columns }: StoredRow): string | undefined {
  if (columns === undefined) return undefined
  const members = membersOf(typeof entry === 'string' ? entryOf(entry) : (decodeUtf8(entry) ?? ''))
  // What is no entry has no members to differ from; that it is none is found by itself.
  if (members === undefined) return undefined
  const wrong = Object.keys(columns).filter((name) => columns[name] !== (members.get(name) ?? null))
  return wrong.length === 0 ? undefined : `the query column ${wrong.join(', ')} does not hold what the entry says`
}

function membersOf(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

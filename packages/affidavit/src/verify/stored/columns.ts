// Query columns that a store keeps beside an entry, where it does not derive them: a search by them finds what the entry says.

import { decodeUtf8 } from '../../bytes/text.ts'
import type { Skimmed } from '../../formats/skim-entry.ts'
import { entryOf } from '../../merkle/hash.ts'
import { QUERY_MEMBERS, type StoredColumns, type StoredRow } from '../chunk.ts'

type Members = { readonly [member in keyof StoredColumns]?: unknown }

/**
 * What differs between an entry and the columns beside it.
 * @param read the entry; `undefined` where it could not be interpreted
 */
export function columnsProblem({ entry, columns }: StoredRow, read: Skimmed | undefined): string | undefined {
  if (columns === undefined) return undefined
  const members: Members | undefined = read ?? membersOf(entry)
  // What is no entry has no members to differ from; that it is none is found by itself.
  if (members === undefined || QUERY_MEMBERS.every((name) => isSame(columns, members, name))) return undefined
  const wrong = QUERY_MEMBERS.filter((name) => !isSame(columns, members, name))
  return `the query column ${wrong.join(', ')} does not hold what the entry says`
}

function isSame(columns: StoredColumns, members: Members, name: keyof StoredColumns): boolean {
  const stored = columns[name]
  return stored === undefined || stored === (members[name] ?? null)
}

/** Of what this verifier does not know for an entry, as any reader of JSON has them. */
function membersOf(entry: StoredRow['entry']): Members | undefined {
  try {
    const value: unknown = JSON.parse(typeof entry === 'string' ? entryOf(entry) : (decodeUtf8(entry) ?? ''))
    if (typeof value !== 'object' || value === null) return undefined
    return Object.fromEntries(
      QUERY_MEMBERS.map((name) => [name, Object.hasOwn(value, name) ? Reflect.get(value, name) : null]),
    )
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

// Details of a draft that are judged on admission, and so are read there, once (spec/entry.md §4).

import { canonicalValue, ENTRY_JSON, parseJson } from '../bytes/json.ts'
import { DraftFault } from './draft-fault.ts'
import type { Draft } from './fields.ts'

/** The draft with details that no longer belong to the caller. @throws JsonFault where they have no canonical form */
export function withOwnDetails(draft: Draft): Draft {
  return draft.details === undefined ? draft : { ...draft, details: copyOf(draft.details) }
}

function copyOf(details: object): { [name: string]: unknown } {
  const copy = parseJson(canonicalValue('details', details, ENTRY_JSON), ENTRY_JSON)
  if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) return copy
  throw new DraftFault('details', 'must be an object')
}

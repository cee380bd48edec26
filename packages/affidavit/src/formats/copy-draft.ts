// Taking a draft out of its caller's hands (spec/entry.md §4).

import { memberPath, plainObjectProblem } from '../bytes/json.ts'
import { DraftFault } from './draft-fault.ts'
import { MAX_DRAFT_BYTES } from './fields.ts'

/** No draft of MAX_DRAFT_BYTES has room for more: a value takes four bytes at least. */
const MAX_LIST_LENGTH = MAX_DRAFT_BYTES / 4

/**
 * A copy of a draft whose top level, `source` and lists are ours: each member was read once, so that a getter or a proxy
 * has no second answer to give after the first one was checked. Members that are `undefined` are absent.
 * @throws DraftFault where it is no plain object, or where reading it throws
 */
export function copyDraft(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new DraftFault('', `a draft is a plain object, not ${value === null ? 'null' : typeof value}`)
  }
  const copy: Record<string, unknown> = {}
  let at: string | undefined
  try {
    if (Array.isArray(value)) throw new DraftFault('', 'a draft is a plain object, not a list')
    refuseStranger(value, '')
    for (const key of Object.keys(value)) {
      at = key
      if (key === '__proto__') throw new DraftFault(key, 'this key is refused')
      const member: unknown = Reflect.get(value, key)
      if (member !== undefined) copy[key] = ownMember(member, key)
    }
    return copy
  } catch (error) {
    if (error instanceof DraftFault) throw error
    // Only a getter or a proxy of the caller's throws anything else.
    throw new DraftFault(at === undefined ? '' : memberPath('', at), 'reading it threw an error', error)
  }
}

function refuseStranger(value: object, path: string): void {
  const problem = plainObjectProblem(value)
  if (problem !== undefined) throw new DraftFault(path, problem)
}

function ownMember(member: unknown, key: string): unknown {
  if (Array.isArray(member)) return copyList(member, key)
  return key === 'source' && typeof member === 'object' && member !== null ? copySource(member) : member
}

// By index and with a bound: an iterator could differ from the list, or never end.
function copyList(list: readonly unknown[], path: string): unknown[] {
  const { length } = list
  if (length > MAX_LIST_LENGTH) throw new DraftFault(path, `more values than a draft has room for: ${length}`)
  return Array.from({ length }, (_, i) => list[i])
}

function copySource(source: object): object {
  refuseStranger(source, 'source')
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined))
}

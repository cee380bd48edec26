// Taking a draft out of its caller's hands (spec/entry.md §4).

import { memberPath, plainObjectProblem } from '../bytes/json.ts'
import { DraftFault } from './draft-fault.ts'
import { LARGE_BODY_BYTES, MAX_DRAFT_BYTES } from './fields.ts'

/** No draft of MAX_DRAFT_BYTES has room for more: a value takes four bytes at least. */
const MAX_LIST_LENGTH = MAX_DRAFT_BYTES / 4

/**
 * A copy of a draft whose top level, `source`, lists and contents are ours: each member was read once, so that a getter or a proxy
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
  if (Array.isArray(member)) {
    const list = copyList(member, key)
    return key === 'content' ? list.map((item, i) => copyContent(item, `content[${i}]`)) : list
  }
  return key === 'source' && typeof member === 'object' && member !== null ? copySource(member) : member
}

// By index and with a bound: an iterator could differ from the list, or never end.
function copyList(list: readonly unknown[], path: string): unknown[] {
  const { length } = list
  if (length > MAX_LIST_LENGTH) throw new DraftFault(path, `more values than a draft has room for: ${length}`)
  return Array.from({ length }, (_, i) => list[i])
}

// The body of a large content stays the caller's: its bytes are read once each, when they are sealed.
function copyContent(content: unknown, path: string): unknown {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return content
  refuseStranger(content, path)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(content)) {
    const member: unknown = Reflect.get(content, key)
    if (Array.isArray(member)) copy[key] = copyList(member, `${path}.${key}`)
    else if (member !== undefined) copy[key] = member instanceof Uint8Array ? ownBytes(member) : member
  }
  return copy
}

function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.length <= LARGE_BODY_BYTES ? Uint8Array.from(bytes) : bytes
}

function copySource(source: object): object {
  refuseStranger(source, 'source')
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined))
}

// api-keys.json: text in, keys out, or the fault by name; and back (spec/sign-in.md §1). Pure.

import { isTimestamp } from '../clock/clock.ts'
import { parseDocument } from '../documents/document.ts'
import { Flaw } from '../documents/fault.ts'
import {
  checkName,
  expectVersion,
  isAbsent,
  itemsOf,
  membersOf,
  oneOf,
  type Place,
  setOf,
  someItemsOf,
  textOf,
} from '../documents/place.ts'
import { type ApiKey, isKeyId } from './api-key.ts'
import { API_ROLE_NAMES, type ApiRole, SCOPES } from './api-roles.ts'
import type { Scope } from './scope.ts'

export const MAX_KEYS = 1_000
const MAX_AGENTS = 100
const SHA256 = /^[0-9a-f]{64}$/

/** `keys` of the file, in the order in which they were made. */
export function formatApiKeys(keys: readonly ApiKey[]): string {
  return `${JSON.stringify({ affidavit_api_keys: 1, keys }, undefined, 2)}\n`
}

/** @throws DocumentFault `invalid-api-keys`, and nothing else, whatever the text is */
export function parseApiKeys(text: string, file: string): readonly ApiKey[] {
  return parseDocument('invalid-api-keys', { text, format: 'json', file }, readKeys)
}

function readKeys(whole: Place): readonly ApiKey[] {
  const member = membersOf(whole, ['affidavit_api_keys', 'keys'])
  expectVersion(member('affidavit_api_keys'))
  const keys = itemsOf(member('keys'), MAX_KEYS).map(readKey)
  const twice = keys.findIndex(({ id }, i) => keys.findIndex((other) => other.id === id) !== i)
  if (twice !== -1) throw new Flaw(`keys[${twice}].id`, 'is the id of another key too', 'keep one of the two')
  return keys
}

function readKey(place: Place): ApiKey {
  const member = membersOf(place, ['id', 'sha256', 'role', 'actor', 'scope', 'created', 'expires', 'revoked'])
  const role = oneOf(member('role'), API_ROLE_NAMES)
  return {
    id: matching(member('id'), isKeyId, 'is no id of a key'),
    sha256: matching(member('sha256'), (text) => SHA256.test(text), 'is no SHA-256 in lower-case hex'),
    role,
    actor: nameOf(member('actor')),
    ...optional('scope', member('scope'), (scope) => readScope(scope, role)),
    created: instantOf(member('created')),
    ...optional('expires', member('expires'), instantOf),
    ...optional('revoked', member('revoked'), instantOf),
  }
}

function readScope(place: Place, role: ApiRole): Scope {
  const allowed = SCOPED_BY[SCOPES[role]]
  const member = membersOf(place, allowed)
  if (allowed.every((name) => isAbsent(member(name)))) throw new Flaw(place.path, 'restricts nothing', 'leave it out')
  return {
    ...optional('agents', member('agents'), (agents) => {
      someItemsOf(agents, MAX_AGENTS)
      return setOf(agents, MAX_AGENTS, nameOf)
    }),
    ...optional('from', member('from'), instantOf),
    ...optional('until', member('until'), instantOf),
  }
}

const SCOPED_BY = { 'agents and period': ['agents', 'from', 'until'], agents: ['agents'], nothing: [] } as const

function optional<Name extends string, Value>(
  name: Name,
  place: Place,
  read: (place: Place) => Value,
): { readonly [name in Name]?: Value } {
  return isAbsent(place) ? {} : ({ [name]: read(place) } as { [name in Name]: Value })
}

function nameOf(place: Place): string {
  const name = textOf(place)
  checkName(name, place.path)
  return name
}

function instantOf(place: Place): string {
  return matching(place, isTimestamp, 'is no time')
}

function matching(place: Place, fits: (text: string) => boolean, problem: string): string {
  const text = textOf(place)
  if (fits(text)) return text
  throw new Flaw(place.path, problem, 'affidavit keys create writes this file; bring back a copy that it wrote')
}

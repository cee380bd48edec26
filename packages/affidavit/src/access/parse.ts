// The access policy: text in, AccessPolicy out, or the fault by name (spec/access.md §1). Pure.

import { toHex } from '../bytes/hex.ts'
import { type DocumentFormat, parseDocument } from '../documents/document.ts'
import { Flaw } from '../documents/fault.ts'
import {
  checkName,
  entriesOf,
  expectVersion,
  isAbsent,
  labelOf,
  membersOf,
  oneOf,
  type Place,
  setOf,
  textOf,
} from '../documents/place.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { readOidc } from './oidc.ts'
import type { AccessPolicy, Person } from './policy.ts'
import { APPROVER_ROLES, ROLE_NAMES, type Role } from './roles.ts'

/**
 * Reads an access policy. `file` is what faults call it; nothing is opened.
 * @throws DocumentFault `invalid-access-policy`, and nothing else, whatever the text is
 */
export function parseAccessPolicy(text: string, format: DocumentFormat, file: string): AccessPolicy {
  return parseDocument('invalid-access-policy', { text, format, file }, readPolicy)
}

function readPolicy(whole: Place, digest: string): AccessPolicy {
  const member = membersOf(whole, ['affidavit_access', 'revision', 'people', 'everybody_else', 'oidc'])
  expectVersion(member('affidavit_access'))
  const oidc = member('oidc')
  return {
    revision: labelOf(member('revision')),
    digest,
    people: readPeople(member('people')),
    everybody_else: readOthers(member('everybody_else')),
    ...(isAbsent(oidc) ? {} : { oidc: readOidc(oidc) }),
  }
}

function readPeople(section: Place): ReadonlyMap<string, Person> {
  const holders = new Map<string, string>()
  return new Map(
    entriesOf(section).map(([name, entry]) => {
      checkName(name, entry.path)
      return [name, readPerson(name, entry, holders)]
    }),
  )
}

/** `holders`: who has which raw public key, in hex. */
function readPerson(name: string, entry: Place, holders: Map<string, string>): Person {
  const member = membersOf(entry, ['roles', 'approval_key'])
  const roles = readRoles(member('roles'))
  const key = member('approval_key')
  if (!isAbsent(key)) return { roles, approval_key: readKey(name, key, holders) }
  const signing = roles.find((role) => APPROVER_ROLES.includes(role))
  if (signing === undefined) return { roles, approval_key: undefined }
  throw new Flaw(key.path, `is missing: an approver (${signing}) signs with it`, 'affidavit approver-key makes one')
}

function readRoles(list: Place): readonly Role[] {
  if (isAbsent(list)) throw new Flaw(list.path, 'is missing', 'write roles: [] for nothing at all')
  return setOf(list, ROLE_NAMES.length, (item) => oneOf(item, ROLE_NAMES))
}

// An approval by a key that nobody holds alone would be nobody’s.
function readOthers(list: Place): readonly Role[] {
  return setOf(list, ROLE_NAMES.length, (item) => {
    const role = oneOf(item, ROLE_NAMES)
    if (!APPROVER_ROLES.includes(role)) return role
    throw new Flaw(item.path, 'is for people with a key of their own', 'name them under people, with approval_key')
  })
}

function readKey(name: string, place: Place, holders: Map<string, string>): VerifierKey {
  const key = parseVerifierKey(textOf(place))
  // The text is not repeated: it may be a secret in the wrong place.
  if ('code' in key)
    throw new Flaw(place.path, `is no verifier key (${key.code})`, 'write the line that affidavit approver-key prints')
  if (key.type !== 'ed25519')
    throw new Flaw(place.path, `is a key of type ${key.type}`, 'affidavit approver-key makes one of type ed25519')
  const raw = toHex(key.publicKey)
  const holder = holders.get(raw)
  if (holder !== undefined)
    throw new Flaw(place.path, `is the key of ${JSON.stringify(holder)} too`, 'let each person make a key of their own')
  holders.set(raw, name)
  return key
}

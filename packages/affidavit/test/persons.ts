// Records with the ids of persons as they were handed in, for tests that hold records against drafts.

import { openFolderKeyring } from '../src/embedded/keyring.ts'
import type { Keyring } from '../src/vault/keyring.ts'

const IDS = ['actor_id', 'on_behalf_of', 'resource_id', 'conversation_id', 'producer_id', 'grant_id'] as const

const known = new WeakMap<Keyring, Map<string, string>>()

// One id has one token: who was found once is not asked for again.
async function personsBehind(keyring: Keyring, tokens: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const persons = known.get(keyring) ?? new Map<string, string>()
  known.set(keyring, persons)
  const unknown = tokens.filter((token) => !persons.has(token))
  if (unknown.length > 0) for (const [token, person] of await keyring.personalIds(unknown)) persons.set(token, person)
  return persons
}

/** The record with the ids behind its tokens; a token that nobody is behind stays what it is. */
export async function withPersons<Fields extends object>(keyring: Keyring, record: Fields): Promise<Fields> {
  const fields: Record<string, unknown> = Object.fromEntries(Object.entries(record))
  const subjects = Array.isArray(fields.subject_ids) ? fields.subject_ids.map(String) : []
  const single = IDS.map((name) => fields[name]).filter((id) => typeof id === 'string')
  const persons = await personsBehind(
    keyring,
    [...subjects, ...single].filter((id) => id.startsWith('tok_')),
  )
  const personOf = (id: string): string => persons.get(id) ?? id
  for (const name of IDS) if (fields[name] !== undefined) fields[name] = personOf(String(fields[name]))
  if (fields.subject_ids !== undefined) fields.subject_ids = subjects.map(personOf).sort()
  // The same fields, each with a value of its kind.
  return fields as Fields
}

/** As `withPersons`, by the keyring of a ledger in a folder. */
export async function personsOf<Fields extends object>(
  folder: string,
  origin: string,
  records: readonly Fields[],
): Promise<Fields[]> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    return await Promise.all(records.map((record) => withPersons(keyring, record)))
  } finally {
    await keyring.close()
  }
}

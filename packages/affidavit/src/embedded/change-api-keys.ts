// Making and revoking API keys, on record (spec/sign-in.md §1). No key opens anything before its making is on record, and no record
// says that a key is revoked while it still opens something.

import { type ApiKey, actorOfKey, isLiving, newKey } from '../access/api-key.ts'
import { formatApiKeys, MAX_KEYS, parseApiKeys } from '../access/api-keys-file.ts'
import type { ApiRole } from '../access/api-roles.ts'
import { isTakenName } from '../access/oidc.ts'
import type { Scope } from '../access/scope.ts'
import { type Clock, formatTimestamp, systemClock } from '../clock/clock.ts'
import { createRandomSource } from '../crypto/random.ts'
import { DocumentFault } from '../documents/fault.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { underLock } from '../ledger/file-lock.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { actorOf, type Operator } from '../ledger/operator.ts'
import { apiKeysFile, readApiKeys } from './api-keys.ts'
import { replaceFile } from './replace-file.ts'

export interface KeyTerms {
  readonly role: ApiRole
  /** `key:ID` where left out. */
  readonly actor?: string
  readonly scope?: Scope
  readonly expires?: string
}

/** Whose keys, and who changes them. */
export interface KeyPlace {
  readonly ledger: Pick<Ledger, 'archival'>
  readonly home: string
  readonly by: Operator
  readonly clock?: Clock
}

export interface MadeKey extends Omit<ApiKey, 'sha256'> {
  /** It can be shown now, and never again. */
  readonly key: string
}

/** @throws LedgerError `invalid-query` (terms that no key has; too many keys), `key-unavailable`, and what recording throws */
export async function createApiKey(place: KeyPlace, terms: KeyTerms): Promise<MadeKey> {
  const { home, clock = systemClock } = place
  const { id, key, sha256 } = newKey(createRandomSource())
  const created = formatTimestamp(clock.now())
  const made: ApiKey = { id, sha256, actor: actorOfKey(id), ...terms, created }
  expectTerms(made)
  const withIt = (keys: readonly ApiKey[]): readonly ApiKey[] => [...withRoom(keys, created), made]
  withIt(readApiKeys(home))
  await put(place, made, 'key_created')
  await change(home, withIt)
  const { sha256: _, ...shown } = made
  return { key, ...shown }
}

/**
 * From now on it opens nothing. Revoking it once more changes nothing, and finishes what was interrupted.
 * @throws LedgerError `not-found`, `key-unavailable`, and what recording throws
 */
export async function revokeApiKey(place: KeyPlace, id: string): Promise<ApiKey> {
  const { home, clock = systemClock } = place
  const revoked = formatTimestamp(clock.now())
  const keys = await change(home, (standing) => {
    if (!standing.some((key) => key.id === id)) throw noKey(home)
    return standing.map((key) => (key.id === id ? { ...key, revoked: key.revoked ?? revoked } : key))
  })
  const key = keys.find((one) => one.id === id)
  if (key === undefined) throw noKey(home)
  await put(place, key, 'key_revoked')
  return key
}

// Both ends of a key are one record each, however often they are asked for.
async function put({ ledger, by }: KeyPlace, key: ApiKey, operation: string): Promise<void> {
  const { id, role, actor, scope = {}, expires } = key
  const { record, deriveId } = ledger.archival
  const draft: Draft = {
    id: deriveId('policy_changed', 'api_key', id, operation),
    action: 'policy_changed',
    outcome: 'success',
    ...actorOf(by),
    data_classification: 'internal',
    details: {
      operation,
      policy: `api_key/${id}`,
      role,
      ...scope,
      ...(expires === undefined ? {} : { expires }),
    },
    // Whose it is may be a person's name.
    content: [{ name: 'actor', media_type: 'text/plain', body: actor }],
  }
  await record(draft)
}

/** What `next` makes of the keys, durable, while no other process changes them. */
async function change(
  home: string,
  next: (standing: readonly ApiKey[]) => readonly ApiKey[],
): Promise<readonly ApiKey[]> {
  const file = apiKeysFile(home)
  let keys: readonly ApiKey[] = []
  try {
    await underLock(`${file}.lock`, async () => {
      keys = next(readApiKeys(home))
      await replaceFile(file, formatApiKeys(keys))
    })
    return keys
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('key-unavailable', {
      problem: `cannot write ${file}: ${said}`,
      cure: 'make the folder writable, and do it again',
      cause,
    })
  }
}

/** The keys among which one more has a place: those that are dead go first where there are too many. */
function withRoom(keys: readonly ApiKey[], now: string): readonly ApiKey[] {
  if (keys.length < MAX_KEYS) return keys
  const living = keys.filter((key) => isLiving(key, now))
  if (living.length < MAX_KEYS) return living
  throw new LedgerError('invalid-query', {
    problem: `there are ${MAX_KEYS} living keys, and no more are kept`,
    cure: 'revoke keys that nobody uses: affidavit keys list, keys revoke ID',
  })
}

// As whoever reads the file will judge it.
function expectTerms(key: ApiKey): void {
  try {
    parseApiKeys(formatApiKeys([key]), 'api-keys.json')
  } catch (fault) {
    if (!(fault instanceof DocumentFault)) throw fault
    const path = fault.path.replace(/^keys\[0\]\.?/, '')
    throw new LedgerError('invalid-query', {
      problem: `${path} ${fault.problem}`,
      cure: fault.cure,
      path,
      cause: fault,
    })
  }
  const { actor, created, expires, scope = {} } = key
  const { from, until } = scope
  if (isTakenName(actor) && actor !== actorOfKey(key.id))
    throw wrongTerm('actor', 'is a name that the ledger itself gives', 'name the person or the agent')
  if (expires !== undefined && expires <= created)
    throw wrongTerm('expires', 'is over already', 'name a time that is to come, or leave it out')
  if (from !== undefined && until !== undefined && from >= until)
    throw wrongTerm('until', 'is not after from', 'name the first moment that is not for the key any more')
}

function wrongTerm(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path} ${problem}`, cure, path })
}

function noKey(home: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `${home} has no API key with this id`,
    cure: 'affidavit keys list shows the ids',
    path: 'id',
  })
}

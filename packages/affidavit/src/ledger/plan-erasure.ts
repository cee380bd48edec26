// Planning an erasure (spec/erasure.md §2): who the persons are, what would become unreadable, and what would stay. Nothing is
// recorded, and nothing is destroyed.

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import { uuidV7 } from '../bytes/uuid.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { type ErasurePlan, formatPlan } from '../erasure/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { TOKEN } from '../formats/token.ts'
import type { Copy } from '../papers/copies.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { Keyring } from '../vault/keyring.ts'
import { type Damage, damageOf, readDamaged } from './damaged-content.ts'
import { type EarlierReach, earlierSentence, readEarlierReach } from './earlier-reach.ts'
import { type Reach, readReach } from './erasure-reach.ts'
import { readKept } from './kept-content.ts'
import { followSubjects } from './late-facts.ts'
import type { Owners } from './linked-content.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

/** What is asked for. */
export interface ErasureRequest {
  /** Persons, by their own ids or their tokens. */
  readonly subjects: readonly string[]
  readonly conversations: readonly string[]
  /** The rule, a word: `gdpr_17`. */
  readonly basis: string
  readonly reason: string
  /** Whoever plans, by the name that stands in the access policy. */
  readonly person: string
  readonly policy: AccessPolicy
  /** Copies of the keyring, of its keys and of the database that are known of. */
  readonly copies: readonly Copy[]
}

export interface PlanningParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: RandomSource
  /** How long content is kept. */
  readonly retention: PolicySet
}

/** Of an incarnation that has come to its end. */
const ALL = Number.MAX_SAFE_INTEGER

/**
 * The plan, as of now.
 * @throws LedgerError `invalid-query` where the person may not plan, or a member of the request cannot stand in a plan;
 *   `not-found` where nobody is behind an id
 */
export async function planErasure(parts: PlanningParts, request: ErasureRequest): Promise<ErasurePlan> {
  const { store, ledger, keyring, clock, random, retention } = parts
  const { basis, reason, person, policy, copies } = request
  refuseUnlessAllowed(policy, person)
  const size = (await store.head(ledger))?.size ?? 0
  const owners = await findOwners(parts, request, size)
  const at = clock.now()
  const by = { store, set: retention, at, holdsOf: ledger }
  const reach = await readReach(store, ledger, owners, size, await readKept({ ...by, ledger, size }, owners))
  const earlier = await readEarlierReach(store, ledger, owners, (origin) =>
    readKept({ ...by, ledger: origin, size: ALL }, owners),
  )
  refuseEarlier(earlier)
  const damage = damageOf(ledger, await readDamaged(parts, owners, size))
  const plan: ErasurePlan = {
    ledger,
    plan_id: uuidV7(at, random(10)),
    made_at: formatTimestamp(at),
    made_by: person,
    as_of_seq: size - 1,
    keyring_generation: await keyring.generation(),
    ...owners,
    basis,
    reason,
    ...reach,
    ...damage,
    copies,
    not_erased: whatStays(reach, damage, earlier),
  }
  return writable(plan)
}

function refuseUnlessAllowed(policy: AccessPolicy, person: string): void {
  const permission = mayDo(policy, person, 'plan-erasure')
  if (!permission.allowed) throw refusedErasure('planner-not-allowed', permission.problem, permission.cure)
  if (policy.people.has(person)) return
  const cure = 'name the person in the access policy: planner and approver have to be two'
  throw refusedErasure('planner-not-named', 'whoever plans an erasure is named in the access policy', cure)
}

/** That an erasure does not go on; `fault` is the code that spec/erasure.md gives it. */
export function refusedErasure(fault: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${problem} (${fault}); nothing was changed`, cure, path: fault })
}

async function findOwners(
  { store, ledger, keyring }: PlanningParts,
  { subjects, conversations }: ErasureRequest,
  size: number,
): Promise<Owners> {
  const persons = new Set<string>()
  for (const id of subjects) {
    const token = TOKEN.test(id) ? id : await keyring.tokenOf(id)
    if (token === undefined) throw nobody('--subject')
    for (const one of (await followSubjects(store, ledger, token, size)).subject_ids) persons.add(one)
  }
  const ids = new Set<string>()
  for (const id of conversations) {
    const token = TOKEN.test(id) ? undefined : await keyring.tokenOf(id)
    const standing: string[] = []
    for (const one of token === undefined ? [id] : [id, token]) {
      if (await finds(store, ledger, { conversation_id: one })) standing.push(one)
    }
    if (standing.length === 0) throw nobody('--conversation')
    for (const one of standing) ids.add(one)
  }
  return { subjects: [...persons].sort(), conversations: [...ids].sort() }
}

async function finds(store: LedgerStore, ledger: string, filter: EntryFilter): Promise<boolean> {
  return (await store.entries(ledger, filter, { limit: 1, order: 'ascending' })).length > 0
}

function nobody(option: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `an id given as ${option} stands in no record of this ledger`,
    cure: 'check how it is written: as it was handed in, or as a token',
    path: option,
  })
}

/** @throws LedgerError `invalid-query` where an earlier incarnation would lose what must stay readable */
export function refuseEarlier({ refused }: EarlierReach): void {
  if (refused === 0) return
  throw refusedErasure(
    'earlier-must-stay',
    `${refused} records of before a restore of this ledger have content under the same keys, and must stay readable`,
    'nothing of these subjects and conversations can be erased before holds on it are released and its retention periods are over',
  )
}

// Also of an erasure of nobody's content: ids and keys go all the same.
function whatStays({ wrapped_anew }: Reach, { damaged }: Damage, earlier: EarlierReach): readonly string[] {
  return [
    'Entries stay as they are: tokens, times, actions, sizes and digests. The log goes on to verify.',
    'Who is behind a token cannot be found out any more from this ledger and its keyring.',
    'What was written into plain fields, such as details and reasons, stays readable.',
    'Copies of keys, of the keyring, or of content in the clear that are not listed here are not reached.',
    ...(wrapped_anew === 0 ? [] : [wrappedAnewSentence(wrapped_anew)]),
    ...(damaged === 0 ? [] : [damagedSentence(damaged)]),
    ...(earlier.records === 0 ? [] : [earlierSentence(earlier.records)]),
  ]
}

/** Of what lies under the same keys as content that was linked to a person later. */
export function wrappedAnewSentence(records: number): string {
  const others = records === 1 ? '1 record has' : `${records} records have`
  return `${others} other content under the keys of what was linked to these subjects later: it stays readable, under new keys. Whether a draft is the same as one that was committed to under the old ones cannot be told any more.`
}

/** Of what would have been wrapped anew. It is not erased: nothing on record says that it is to open no more. */
export function damagedSentence(payloads: number): string {
  return payloads === 1
    ? '1 payload under these keys does not stay: the content key beside it is not the recorded one, so that it cannot be wrapped anew. Verification goes on to say that it was altered, or is missing.'
    : `${payloads} payloads under these keys do not stay: the content keys beside them are not the recorded ones, so that they cannot be wrapped anew. Verification goes on to say that they were altered, or are missing.`
}

function writable(plan: ErasurePlan): ErasurePlan {
  try {
    formatPlan(plan)
    return plan
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new LedgerError('invalid-query', {
      problem: `what was asked for cannot stand in a plan: ${cause.message}`,
      cure: 'name somebody; basis is a word such as gdpr_17, the reason a line of text; at most 100 persons, and each copy once',
      cause,
    })
  }
}

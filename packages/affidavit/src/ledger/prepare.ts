// A draft that was received becomes a prepared one: ids of persons become tokens, content is sealed, and what was received is
// committed to under the keys of the record's scopes (spec/sealing.md).

import type { Ask } from '../classify/detect-with.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { AuditRecord, DraftContent } from '../formats/fields.ts'
import { personalIds } from '../registry/personal-ids.ts'
import type { PersonalIds, Registry } from '../registry/registry.ts'
import type { Keyring, ScopeKey } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { classifyRecord } from './classify-record.ts'
import type { EqualBodies } from './equal-bodies.ts'
import { readErasures } from './erasure-records.ts'
import { type DeriveId, isBlocked, judgeHandover, refusalOf } from './hand-over.ts'
import { personalFields, personalIdsOf, tokenise, tokensOf } from './identities.ts'
import type { KeysAtHand } from './keys-at-hand.ts'
import { readLinked, scopesOfLinked } from './linked-content.ts'
import { commit, commitmentInfo, type Judged, type Known, prepareDraft } from './prepared-draft.ts'
import { findEntry, recordOf } from './read.ts'
import { contentToSeal, type Received } from './receive.ts'
import { committedScopes, type Scoped, scopeName, scopesOf } from './scopes.ts'
import {
  type InspectedBody,
  inspectContent,
  type ReceivedBody,
  receiveBody,
  type SealedContent,
  sealContent,
} from './seal-content.ts'
import type { LedgerStore, PreparedDraft } from './store.ts'
import { createSweep } from './sweep.ts'

/** A draft that detectors of one's own have looked at, and how they are asked about its content. */
export interface Looked {
  readonly received: Received
  readonly ask: Ask
}

export type LookFurther = () => Promise<Looked>

export interface Preparation {
  /** At once where nobody is to be asked: nothing is sealed, all keys are at hand, and nobody looks further. */
  prepare(received: Received, look?: LookFurther): PreparedDraft | Promise<PreparedDraft>
  compare(received: Received, standing: AuditRecord): Promise<'same' | 'other' | 'not compared'>
}

export interface PreparationParts {
  /** The origin. */
  readonly ledger: string
  readonly store: LedgerStore
  readonly keyring: Keyring
  readonly keys: KeysAtHand
  readonly equalBodies: EqualBodies
  readonly personal_ids: PersonalIds
  /** Its floors hold for records of agents, and it says who may be given what. */
  readonly registry?: Registry
  readonly deriveId: DeriveId
  readonly random: RandomSource
}

export function createPreparation(parts: PreparationParts): Preparation {
  const { ledger, store, keyring, keys, random, registry } = parts
  const sweep = createSweep(store, ledger)
  const sealing = { store, ledger, keys, random, sweep, equalBodies: parts.equalBodies }

  // Keys that are missing are fetched until all are there: somebody may let go of everything meanwhile.
  async function prepareSoon(draft: Received, look: LookFurther | undefined): Promise<PreparedDraft> {
    const [bodies, looked] = await Promise.all([Promise.all(draft.content.map(receiveBody)), look?.()])
    const { received, ask } = looked ?? { received: draft, ask: undefined }
    const withheld = received.withheld === undefined ? [] : [await receiveBody(received.withheld)]
    for (;;) {
      const known = lookUp(received, parts)
      if ('missing' in known) await keys.fetch(known.missing)
      else return prepareKnown(received, [...bodies, ...withheld], known, ask)
    }
  }

  // Everything is looked through before any of it is sealed: of what is refused nothing is kept.
  async function prepareKnown(
    received: Received,
    bodies: readonly ReceivedBody[],
    known: Known,
    ask: Ask | undefined,
  ): Promise<PreparedDraft> {
    const inspected = await inspect(received, bodies, known, ask)
    const judged = judge(received, inspected)
    if (isRefused(received, judged)) await refuse(received, bodies, known, judged)
    const contents: SealedContent[] = []
    for (const body of inspected) contents.push(await sealContent(sealing, body))
    return prepareDraft(ledger, received, bodies, known, contents, judged)
  }

  // One after the other: of large bodies no more than one is under way.
  async function inspect(
    received: Received,
    bodies: readonly ReceivedBody[],
    known: Known,
    ask: Ask | undefined,
  ): Promise<readonly InspectedBody[]> {
    const inspected: InspectedBody[] = []
    for (const [i, { name, media_type }] of contentToSeal(received).entries()) {
      const [body, scoped] = [bodies[i], known.contents[i]]
      if (body === undefined || scoped === undefined) throw new TypeError('a content without its body; this is a bug')
      const words = { name, media_type, subject_ids: [...scoped.subject_ids] }
      const conversation = known.tokenised.conversation_id ?? received.draft.conversation_id ?? ''
      const place = { conversation, scopeKeys: scoped.scopeKeys, at: received.at }
      inspected.push(await inspectContent(sealing, body, words, place, ask))
    }
    return inspected
  }

  function judge(received: Received, inspected: readonly InspectedBody[]): Judged {
    const found = inspected.flatMap(({ inspection }) => inspection.found)
    const failed = [...received.undetectedBy, ...inspected.flatMap(({ inspection }) => inspection.undetectedBy)]
    const looked_at = failed.length === 0 ? 'wholly' : 'in part'
    const classified = classifyRecord(registry, received, { found, looked_at })
    const handed = { compliance_domains: classified.compliance_domains, looked_at } as const
    return { classified, finding: judgeHandover(registry, received, handed) }
  }

  /** @throws Refusal, unless it was recorded already: then it is acknowledged again, and nothing goes to anybody anew */
  async function refuse(
    received: Received,
    bodies: readonly ReceivedBody[],
    { commitmentKey, tokenised }: Known,
    { classified, finding }: Judged,
  ): Promise<void> {
    if (finding === undefined) return
    const standing = await findEntry(store, ledger, received.id)
    // What nobody can compare may be anything.
    if (standing !== undefined && (await compare(received, recordOf(standing))) === 'same') return
    const draft_commitment = commit(commitmentKey, ledger, received, bodies)
    throw refusalOf({ received, tokenised, finding, classified, draft_commitment }, parts.deriveId)
  }

  async function compare(received: Received, standing: AuditRecord): Promise<'same' | 'other' | 'not compared'> {
    const scopeKeys = await keyring.knownScopeKeys(committedScopes(standing))
    const there = scopeKeys.filter((key) => key !== undefined)
    if (there.length < scopeKeys.length) return 'not compared'
    const bodies = await Promise.all(received.content.map(receiveBody))
    const key = keys.derived(there, commitmentInfo(ledger))
    if (commit(key, ledger, received, bodies) === standing.draft_commitment) return 'same'
    // Its keys may have been destroyed, and others be there for the same persons since.
    return (await wasErased(store, ledger, standing)) ? 'not compared' : 'other'
  }

  return {
    prepare(received, look) {
      if (received.content.length > 0 || look !== undefined) return prepareSoon(received, look)
      const known = lookUp(received, parts)
      if ('missing' in known) return prepareSoon(received, look)
      const judged = judge(received, [])
      if (isRefused(received, judged)) return prepareKnown(received, [], known, undefined)
      return prepareDraft(ledger, received, [], known, [], judged)
    },
    compare,
  }
}

function isRefused(received: Received, { finding }: Judged): boolean {
  return finding !== undefined && isBlocked(finding, received)
}

async function wasErased(store: LedgerStore, ledger: string, standing: AuditRecord): Promise<boolean> {
  const scopes = committedScopes(standing)
  const owners = new Set(scopes.map(({ owner }) => owner))
  for (const { decision, decided } of await readErasures(store, ledger)) {
    if (decided.seq <= standing.seq) continue
    if ([...decision.subjects, ...decision.conversations].some((one) => owners.has(one))) return true
    // Keys of others were replaced, where content under them was linked to somebody later.
    const linked = await readLinked(store, ledger, decision, decided.seq)
    const replaced = new Set(scopesOfLinked(linked).map(scopeName))
    if (scopes.some((scope) => replaced.has(scopeName(scope)))) return true
  }
  return false
}

type Missing = { readonly missing: { readonly personal: readonly string[]; readonly scopes: readonly Scope[] } }

/** Everything that the record needs of the keyring, or what of it is not at hand. */
function lookUp(received: Received, { ledger, keys, personal_ids }: PreparationParts): Known | Missing {
  const { draft, timestamp, personal } = received
  const content = contentToSeal(received)
  const keyring_generation = keys.generation()
  const fields = personalFields(draft, personalIds(personal_ids, draft.actor_type, draft.resource_type), personal)
  const tokens = new Map<string, string>()
  const unknown: string[] = []
  for (const id of personalIdsOf(draft, content, fields)) {
    const token = keys.token(id)
    if (token === undefined) unknown.push(id)
    else tokens.set(id, token)
  }
  // Scopes belong to tokens; those of a conversation can be asked for with the tokens of who spoke in it.
  if (unknown.length > 0 && ownsScopes(unknown, draft, content, fields)) {
    return { missing: { personal: unknown, scopes: [] } }
  }

  const tokenised = tokenise(draft, fields, tokens)
  const { conversation_id = draft.conversation_id, subject_ids = draft.subject_ids } = tokenised
  const record = { conversation_id, subject_ids, retention_class: draft.retention_class, timestamp }
  const missing: Scope[] = []
  const keysOf = (scoped: Scoped): ScopeKey[] =>
    scopesOf(scoped).flatMap((scope) => {
      const key = keys.scopeKey(scope)
      if (key === undefined) missing.push(scope)
      return key ?? []
    })
  const recordKeys = keysOf(record)
  const contents = content.map(({ subject_ids }) => {
    const subjects = subject_ids === undefined ? (record.subject_ids ?? []) : tokensOf(subject_ids, tokens)
    return { subject_ids: subjects, scopeKeys: keysOf({ ...record, subject_ids: subjects }) }
  })
  if (unknown.length > 0 || missing.length > 0) return { missing: { personal: unknown, scopes: missing } }
  const committed = contents.length === 0 ? recordKeys : onceEach([recordKeys, ...contents.map((one) => one.scopeKeys)])
  return { tokenised, contents, commitmentKey: keys.derived(committed, commitmentInfo(ledger)), keyring_generation }
}

function ownsScopes(
  ids: readonly string[],
  { subject_ids = [], conversation_id }: Pick<Received['draft'], 'subject_ids' | 'conversation_id'>,
  content: readonly Pick<DraftContent, 'subject_ids'>[],
  fields: readonly string[],
): boolean {
  const owners = new Set([...subject_ids, ...content.flatMap((one) => one.subject_ids ?? [])])
  if (conversation_id !== undefined && fields.includes('conversation_id')) owners.add(conversation_id)
  return ids.some((id) => owners.has(id))
}

function onceEach(keys: readonly (readonly ScopeKey[])[]): readonly ScopeKey[] {
  return [...new Map(keys.flat().map((key) => [key.id, key])).values()]
}

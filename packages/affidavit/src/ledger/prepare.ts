// A draft that was received becomes a prepared one: ids of persons become tokens, content is sealed, and what was received is
// committed to under the keys of the record's scopes (spec/sealing.md).

import type { KeyObject } from 'node:crypto'

import { raise } from '../classify/raise.ts'
import type { RandomSource } from '../crypto/random.ts'
import { hmacSha256Hex } from '../crypto/sha256.ts'
import { changedFields, type EntryPieces, entryPieces, SEQUENCED_BYTES } from '../formats/entry.ts'
import { type AuditRecord, DEFAULT_CLASSIFICATION, MASKED_MEMBER, MAX_ENTRY_BYTES } from '../formats/fields.ts'
import { floorOf, higher, NO_FLOOR } from '../registry/classify.ts'
import { personalIds } from '../registry/personal-ids.ts'
import type { Floor, PersonalIds, Registry } from '../registry/registry.ts'
import type { Keyring, ScopeKey } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { createEqualLookup } from './equal-lookup.ts'
import { fencedBy } from './erasure-fence.ts'
import { readErasures } from './erasure-records.ts'
import { personalFields, personalIdsOf, type Tokenised, tokenise, tokensOf } from './identities.ts'
import type { KeysAtHand } from './keys-at-hand.ts'
import { draftTooLarge, type Received, receivedText } from './receive.ts'
import { type Scoped, scopesOf } from './scopes.ts'
import { type ReceivedBody, receiveBody, type SealedContent, sealContent } from './seal-content.ts'
import type { DraftPayload, LedgerStore, PreparedDraft } from './store.ts'
import { createSweep } from './sweep.ts'

export interface Preparation {
  prepare(received: Received): PreparedDraft | Promise<PreparedDraft>
  compare(received: Received, standing: AuditRecord): Promise<'same' | 'other' | 'not compared'>
}

export interface PreparationParts {
  /** The origin. */
  readonly ledger: string
  readonly store: LedgerStore
  readonly keyring: Keyring
  readonly keys: KeysAtHand
  readonly personal_ids: PersonalIds
  /** Its floors hold for records of agents. */
  readonly registry?: Registry
  readonly random: RandomSource
}

/** What stands in the record instead of what was received, and the keys of its scopes. */
export interface Known {
  /** Fields with tokens in them. */
  readonly tokenised: Tokenised
  /** For each content. */
  readonly contents: readonly { readonly subject_ids: readonly string[]; readonly scopeKeys: readonly ScopeKey[] }[]
  readonly commitmentKey: KeyObject
  readonly keyring_generation: number
}

export function createPreparation(parts: PreparationParts): Preparation {
  const { ledger, store, keyring, keys, random, registry } = parts
  const sweep = createSweep(store, ledger)
  const equalBody = createEqualLookup(store, ledger)

  // Keys that are missing are fetched until all are there: somebody may let go of everything meanwhile.
  async function prepareSoon(received: Received): Promise<PreparedDraft> {
    const bodies = await Promise.all(received.content.map(receiveBody))
    for (;;) {
      const known = lookUp(received, parts)
      if ('missing' in known) await keys.fetch(known.missing)
      else return finish(received, bodies, known, await seal(received, bodies, known))
    }
  }

  // One after the other: of large bodies no more than one is under way.
  async function seal(received: Received, bodies: readonly ReceivedBody[], known: Known): Promise<SealedContent[]> {
    const sealed: SealedContent[] = []
    for (const [i, { name, media_type }] of received.content.entries()) {
      const [body, scoped] = [bodies[i], known.contents[i]]
      if (body === undefined || scoped === undefined) throw new TypeError('a content without its body; this is a bug')
      const words = { name, media_type, subject_ids: [...scoped.subject_ids] }
      const conversation = known.tokenised.conversation_id ?? received.draft.conversation_id ?? ''
      const place = { conversation, scopeKeys: scoped.scopeKeys, at: received.at }
      sealed.push(await sealContent({ store, ledger, keys, random, sweep, equalBody }, body, words, place))
    }
    return sealed
  }

  function finish(
    received: Received,
    bodies: readonly ReceivedBody[],
    known: Known,
    contents: readonly SealedContent[],
  ): PreparedDraft {
    return prepareDraft(ledger, received, bodies, known, contents, floorFor(registry, received))
  }

  return {
    prepare(received) {
      if (received.content.length > 0) return prepareSoon(received)
      const known = lookUp(received, parts)
      return 'missing' in known ? prepareSoon(received) : finish(received, [], known, [])
    },
    async compare(received, standing) {
      const scopeKeys = await keyring.knownScopeKeys(scopesOf(standing))
      const there = scopeKeys.filter((key) => key !== undefined)
      if (there.length < scopeKeys.length) return 'not compared'
      const bodies = await Promise.all(received.content.map(receiveBody))
      const key = keys.derived(there, commitmentInfo(ledger))
      if (commit(key, ledger, received, bodies) === standing.draft_commitment) return 'same'
      // Its keys may have been destroyed, and others be there for the same persons since.
      return (await wasErased(store, ledger, standing)) ? 'not compared' : 'other'
    },
  }
}

async function wasErased(store: LedgerStore, ledger: string, standing: AuditRecord): Promise<boolean> {
  const owners = new Set(scopesOf(standing).map(({ owner }) => owner))
  const erasures = await readErasures(store, ledger)
  return erasures.some(({ decision, decided }) => {
    return (
      decided.seq > standing.seq && [...decision.subjects, ...decision.conversations].some((one) => owners.has(one))
    )
  })
}

type Missing = { readonly missing: { readonly personal: readonly string[]; readonly scopes: readonly Scope[] } }

/** Everything that the record needs of the keyring, or what of it is not at hand. Tokens come first: scopes belong to them. */
function lookUp(
  { draft, content, timestamp, personal }: Received,
  { ledger, keys, personal_ids }: PreparationParts,
): Known | Missing {
  const keyring_generation = keys.generation()
  const fields = personalFields(draft, personalIds(personal_ids, draft.actor_type, draft.resource_type), personal)
  const tokens = new Map<string, string>()
  const unknown: string[] = []
  for (const id of personalIdsOf(draft, content, fields)) {
    const token = keys.token(id)
    if (token === undefined) unknown.push(id)
    else tokens.set(id, token)
  }
  if (unknown.length > 0) return { missing: { personal: unknown, scopes: [] } }

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
  if (missing.length > 0) return { missing: { personal: [], scopes: missing } }
  return { tokenised, contents, commitmentKey: keys.derived(recordKeys, commitmentInfo(ledger)), keyring_generation }
}

/**
 * The prepared draft, everything being known.
 * @throws LedgerError `draft-too-large` where tokens and references make it longer than an entry may be
 */
export function prepareDraft(
  ledger: string,
  received: Received,
  bodies: readonly ReceivedBody[],
  { tokenised, commitmentKey, keyring_generation }: Known,
  contents: readonly SealedContent[],
  floor: Floor = NO_FLOOR,
): PreparedDraft {
  const { draft, id, timestamp, salt } = received
  const draft_commitment = commit(commitmentKey, ledger, received, bodies)
  const kept = changedFields(received.kept, {
    ...tokenised,
    ...classificationOf(received, contents, floor),
    ...detailsOf(received, contents),
    ...(contents.length === 0 ? {} : { content: contents.map(({ reference }) => reference) }),
  })
  const pieces = entryPieces(kept, { id, timestamp, ledger, salt, draft_commitment })
  checkSize(pieces)
  const { conversation_id = draft.conversation_id, subject_ids } = tokenised
  return {
    id,
    draft_commitment,
    pieces,
    ...fencedBy(draft, keyring_generation),
    ...(conversation_id === undefined ? {} : { conversation_id }),
    ...(subject_ids === undefined ? {} : { subject_ids }),
    ...(contents.length === 0 ? {} : { payloads: payloadsOf(contents) }),
  }
}

// Several contents of a record may be one body.
function payloadsOf(contents: readonly SealedContent[]): DraftPayload[] {
  return [...new Map(contents.map(({ payload }) => [payload.blob_id, payload])).values()]
}

// A registry says how low an agent's records may be; nobody has said so where there is none.
function floorFor(registry: Registry | undefined, { draft }: Received): Floor {
  const { agent_name, actor_type } = draft
  if (registry === undefined || (agent_name === undefined && actor_type !== 'agent')) return NO_FLOOR
  return floorOf(registry, { agent: agent_name, channel: undefined })
}

// What was found decides as it flows, and only ever raises.
function classificationOf(
  { draft, found }: Received,
  contents: readonly SealedContent[],
  floor: Floor,
): Partial<AuditRecord> {
  const { data_classification: declared = DEFAULT_CLASSIFICATION, compliance_domains: under = [] } = draft
  // Most records: nothing raises them, and there are no domains to be sorted.
  if (floor === NO_FLOOR && found.length === 0 && contents.length === 0 && under.length < 2) return {}
  const { data_classification, compliance_domains } = higher(
    { data_classification: declared, compliance_domains: under },
    floor,
  )
  const all = [...found, ...contents.flatMap(({ inspection }) => inspection.found)]
  const raised = raise({ data_classification, compliance_domains }, all)
  const domains = [...raised.compliance_domains]
  return {
    data_classification: raised.data_classification,
    ...(domains.length === 0 ? {} : { compliance_domains: domains }),
  }
}

// What was masked, and what was taken out of content, is said in the record.
function detailsOf({ details, masked }: Received, contents: readonly SealedContent[]): Pick<AuditRecord, 'details'> {
  const removed = contents.flatMap(({ reference, inspection }) => {
    const types = Object.keys(inspection.removed).sort()
    return types.length === 0 ? [] : [{ path: `content.${reference.name}`, types }]
  })
  const all = [...masked, ...removed]
  return all.length === 0 ? {} : { details: { ...details, [MASKED_MEMBER]: all } }
}

function checkSize(pieces: EntryPieces): void {
  const size = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), SEQUENCED_BYTES)
  if (size <= MAX_ENTRY_BYTES) return
  throw draftTooLarge(`with tokens for its ids and references to its content the entry would have ${size} bytes`, '')
}

function commitmentInfo(ledger: string): string {
  return `affidavit draft key v1\n${ledger}`
}

// The id and the ledger stand in front, one a line, so that no two inputs share a message (spec/entry.md §6).
function commit(key: KeyObject, ledger: string, received: Received, bodies: readonly ReceivedBody[]): string {
  return hmacSha256Hex(key, `affidavit draft v1\n${ledger}\n${received.id}\n${receivedText(received, bodies)}`)
}

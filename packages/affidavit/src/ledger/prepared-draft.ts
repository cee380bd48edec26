// The prepared draft: what was received, with tokens, masks and references in it, and committed to (spec/sealing.md §5).

import type { KeyObject } from 'node:crypto'

import { hmacSha256Hex } from '../crypto/sha256.ts'
import { changedFields, type EntryPieces, entryPieces, SEQUENCED_BYTES } from '../formats/entry.ts'
import {
  type AuditRecord,
  DEFAULT_CLASSIFICATION,
  type Draft,
  MASKED_MEMBER,
  MAX_ENTRY_BYTES,
  PHI_FOUND_MEMBER,
  UNDETECTED_MEMBER,
} from '../formats/fields.ts'
import type { RecipientFinding } from '../registry/recipient.ts'
import type { Floor } from '../registry/registry.ts'
import type { ScopeKey } from '../vault/keyring.ts'
import { bindingOf } from './binding.ts'
import { fencedBy } from './erasure-fence.ts'
import { findingDetails } from './hand-over.ts'
import type { Tokenised } from './identities.ts'
import { draftTooLarge, type Received, receivedText } from './receive.ts'
import type { ReceivedBody, SealedContent } from './seal-content.ts'
import type { DraftPayload, PreparedDraft } from './store.ts'

/** What stands in the record instead of what was received, and the keys of its scopes. */
export interface Known {
  /** Fields with tokens in them. */
  readonly tokenised: Tokenised
  /** For each content. */
  readonly contents: readonly { readonly subject_ids: readonly string[]; readonly scopeKeys: readonly ScopeKey[] }[]
  readonly commitmentKey: KeyObject
  readonly keyring_generation: number
}

/** What admission found: how strictly the record is kept, and what is wrong with its recipient. */
export interface Judged {
  readonly classified: Floor
  readonly finding: RecipientFinding | undefined
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
  judged: Judged,
): PreparedDraft {
  const { draft, id, timestamp, salt } = received
  const draft_commitment = commit(commitmentKey, ledger, received, bodies)
  const kept = changedFields(received.kept, {
    ...tokenised,
    ...strictnessOf(draft, judged.classified),
    ...detailsOf(received, contents, judged),
    ...(contents.length === 0 ? {} : { content: contents.map(({ reference }) => reference) }),
  })
  const pieces = entryPieces(kept, { id, timestamp, ledger, salt, draft_commitment })
  checkSize(pieces)
  const { conversation_id = draft.conversation_id, subject_ids } = tokenised
  const prepared: PreparedDraft = {
    id,
    draft_commitment,
    pieces,
    ...fencedBy(draft, keyring_generation),
    ...bindingOf(draft),
    ...(conversation_id === undefined ? {} : { conversation_id }),
    ...(subject_ids === undefined ? {} : { subject_ids }),
    ...(contents.length === 0 ? {} : { payloads: payloadsOf(contents) }),
  }
  // A copy: decision 0011.
  return { ...prepared }
}

// Several contents of a record may be one body.
function payloadsOf(contents: readonly SealedContent[]): DraftPayload[] {
  return [...new Map(contents.map(({ payload }) => [payload.blob_id, payload])).values()]
}

/** What differs from what was received; domains are written anew where their order may differ. */
function strictnessOf(
  { data_classification: declared = DEFAULT_CLASSIFICATION, compliance_domains: under = [] }: Draft,
  { data_classification, compliance_domains: domains }: Floor,
): Partial<AuditRecord> {
  return {
    ...(data_classification === declared ? {} : { data_classification }),
    ...(domains.length === under.length && domains.length < 2 ? {} : { compliance_domains: [...domains] }),
  }
}

// What was masked, what was taken out of content, and what is wrong with the recipient is said in the record.
function detailsOf(
  received: Received,
  contents: readonly SealedContent[],
  { classified, finding }: Judged,
): Pick<AuditRecord, 'details'> {
  const { details, masked, undetectedBy } = received
  const removed = contents.flatMap(({ reference, inspection }) => {
    const types = Object.keys(inspection.removed).sort()
    return types.length === 0 ? [] : [{ path: `content.${reference.name}`, types }]
  })
  const all = [...masked, ...removed]
  const told = {
    ...(all.length === 0 ? {} : { [MASKED_MEMBER]: all }),
    ...undetectedDetails(undetectedBy, contents),
    ...phiDetails(received, contents, classified),
    ...(finding === undefined ? {} : findingDetails(finding)),
  }
  return Object.keys(told).length === 0 ? {} : { details: { ...details, ...told } }
}

/** Which detectors failed, each with what it did not look at: the metadata, contents by name. */
function undetectedDetails(
  undetectedBy: readonly string[],
  contents: readonly SealedContent[],
): NonNullable<AuditRecord['details']> {
  const missed = [
    ...undetectedBy.map((detector) => ({ detector, part: 'metadata' })),
    ...contents.flatMap(({ reference, inspection }) =>
      inspection.undetectedBy.map((detector) => ({ detector, part: `content.${reference.name}` })),
    ),
  ]
  if (missed.length === 0) return {}
  const names = [...new Set(missed.map(({ detector }) => detector))].sort()
  const partsOf = (name: string): string[] => missed.filter(({ detector }) => detector === name).map(({ part }) => part)
  return { [UNDETECTED_MEMBER]: names.map((detector) => ({ detector, parts: partsOf(detector) })) }
}

/** Whether a message tells of somebody's health: any identifier does in a record that falls under HIPAA, by what was found or declared. */
function phiDetails(
  { draft, found, undetectedBy }: Received,
  contents: readonly SealedContent[],
  { compliance_domains }: Floor,
): NonNullable<AuditRecord['details']> {
  if (draft.action !== 'user_message_received' || contents.length === 0) return {}
  const isFound = found.length > 0 || contents.some(({ inspection }) => inspection.found.length > 0)
  if (isFound && compliance_domains.includes('hipaa')) return { [PHI_FOUND_MEMBER]: true }
  const isSeen = ({ inspection }: SealedContent): boolean =>
    inspection.looked_at && inspection.undetectedBy.length === 0
  return { [PHI_FOUND_MEMBER]: undetectedBy.length === 0 && contents.every(isSeen) ? false : 'unknown' }
}

function checkSize(pieces: EntryPieces): void {
  // No character takes more than three bytes of UTF-8: most entries are far from it, and need not be read for that.
  if (pieces.reduce((sum, { length }) => sum + 3 * length, SEQUENCED_BYTES) <= MAX_ENTRY_BYTES) return
  const size = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), SEQUENCED_BYTES)
  if (size <= MAX_ENTRY_BYTES) return
  throw draftTooLarge(`with tokens for its ids and references to its content the entry would have ${size} bytes`, '')
}

export function commitmentInfo(ledger: string): string {
  return `affidavit draft key v1\n${ledger}`
}

/** The id and the ledger stand in front, one a line, so that no two inputs share a message (spec/entry.md §6). */
export function commit(key: KeyObject, ledger: string, received: Received, bodies: readonly ReceivedBody[]): string {
  return hmacSha256Hex(key, `affidavit draft v1\n${ledger}\n${received.id}\n${receivedText(received, bodies)}`)
}

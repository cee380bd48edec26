// What verification follows of an entry, read in one pass where the entry is plain; parseEntry is the authority, and reads
// whatever is not.

import { ENTRY_JSON } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { isCanonicalPlain } from '../bytes/unescaped-json.ts'
import { type EntryFault, parseEntry } from './entry.ts'
import { CAPTURED, ENTRY } from './entry-pattern.ts'
import { type ContentReference, MAX_ENTRY_BYTES } from './fields.ts'

/** The members of an entry that verification follows, and those that are searched by. */
export interface Skimmed {
  readonly action: string
  readonly actor_id: string
  readonly content?: readonly ContentReference[] | undefined
  readonly conversation_id?: string | undefined
  readonly conversation_previous_hash?: string | undefined
  readonly conversation_seq?: number | undefined
  readonly details?: { readonly [name: string]: unknown } | undefined
  readonly id: string
  readonly ledger: string
  readonly parent_id?: string | undefined
  readonly previous_hash: string
  readonly producer_id?: string | undefined
  readonly producer_seq?: number | undefined
  readonly recorded_at: string
  readonly resource_id?: string | undefined
  readonly resource_type?: string | undefined
  readonly seq: number
  readonly subject_ids?: readonly string[] | undefined
  readonly timestamp: string
}

/**
 * Reads an entry as strictly as `parseEntry`. Never throws.
 * @param entry the exact bytes; or the text that they are the UTF-8 of
 */
export function skimEntry(entry: Uint8Array | string): { readonly entry: Skimmed } | { readonly fault: EntryFault } {
  if (typeof entry !== 'string') return parseEntry(entry)
  const skimmed = skimPlain(entry)
  return skimmed === undefined ? parseEntry(utf8(entry)) : { entry: skimmed }
}

/** Entry 0, and each announcement of a new key. */
export function namesKeys({ action }: { readonly action: string }): boolean {
  return action === 'logging_started' || action === 'key_rotated'
}

/** The group of each member; group 0 is the whole text. */
const AT = Object.fromEntries(CAPTURED.map((name, i) => [name, i + 1])) as Readonly<
  // Proven by the line above: the keys are CAPTURED.
  Record<(typeof CAPTURED)[number], number>
>

function skimPlain(text: string): Skimmed | undefined {
  const parts = text.length <= MAX_ENTRY_BYTES ? ENTRY.exec(text) : null
  if (parts === null) return undefined
  const members = {
    action: parts[AT.action] ?? '',
    actor_id: parts[AT.actor_id] ?? '',
    content: referencesIn(parts[AT.content]),
    conversation_id: parts[AT.conversation_id],
    conversation_previous_hash: parts[AT.conversation_previous_hash],
    conversation_seq: numberIn(parts[AT.conversation_seq]),
    id: parts[AT.id] ?? '',
    ledger: parts[AT.ledger] ?? '',
    parent_id: parts[AT.parent_id],
    previous_hash: parts[AT.previous_hash] ?? '',
    producer_id: parts[AT.producer_id],
    producer_seq: numberIn(parts[AT.producer_seq]),
    recorded_at: parts[AT.recorded_at] ?? '',
    resource_id: parts[AT.resource_id],
    resource_type: parts[AT.resource_type],
    seq: Number(parts[AT.seq]),
    subject_ids: labelsIn(parts[AT.subject_ids]),
    timestamp: parts[AT.timestamp] ?? '',
  }
  if (!isSound(parts) || !isSorted(members.subject_ids)) return undefined
  return namesKeys(members) ? { ...members, details: JSON.parse(parts[AT.details] ?? '{}') } : members
}

// What the pattern leaves open: the order of sets, and whether details are canonical JSON.
function isSound(parts: RegExpExecArray): boolean {
  const details = parts[AT.details]
  return (
    (details === undefined || isCanonicalPlain(details, ENTRY_JSON.maxDepth - 1)) &&
    isSorted(labelsIn(parts[AT.compliance_domains])) &&
    (referencesIn(parts[AT.content]) ?? []).every(({ subject_ids }) => isSorted(subject_ids))
  )
}

// The pattern has the ten members of a reference, each of its kind.
function referencesIn(part: string | undefined): readonly ContentReference[] | undefined {
  return part === undefined ? undefined : JSON.parse(part)
}

function numberIn(part: string | undefined): number | undefined {
  return part === undefined ? undefined : Number(part)
}

function labelsIn(part: string | undefined): readonly string[] | undefined {
  return part === undefined ? undefined : JSON.parse(part)
}

function isSorted(set: readonly string[] = []): boolean {
  return set.every((label, i) => i === 0 || label > (set[i - 1] ?? ''))
}

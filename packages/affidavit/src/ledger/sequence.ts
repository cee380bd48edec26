// THE function that gives records their place (spec/sequencing.md §2). Pure: the store calls it inside its transaction,
// under the head lock, with what it has read there, and inserts what comes back. Nothing else assigns a seq or a link.

import { bytesOfHex } from '../bytes/hex.ts'
import { formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { entryText, type Place } from '../formats/entry.ts'
import { createGrowth, type Frontier } from '../merkle/growth.ts'
import { leafHexOfText } from '../merkle/hash.ts'
import type { DraftPayload, Placed, PreparedDraft } from './store.ts'

/** Where a ledger ends: what the next entry builds on. */
export interface Tip {
  readonly frontier: Frontier
  /** Integrity hash of the last entry, lower-case hex; empty for an empty ledger. */
  readonly integrity_hash: string
  /** `recorded_at` of the last entry; empty for an empty ledger. */
  readonly recorded_at: string
}

/** An entry that stands in the ledger already, as far as an idempotent retry needs it. */
export interface Standing {
  readonly seq: number
  readonly integrity_hash: string
  /** `undefined` where the entry was destroyed. */
  readonly draft_commitment: string | undefined
  readonly recorded_at: string
}

/** The last entry of a conversation. */
export interface ConversationTip {
  readonly conversation_seq: number
  readonly integrity_hash: string
}

/** What the store found under the lock about the ids and conversations of the batch. */
export interface Known {
  readonly standing: ReadonlyMap<string, Standing>
  readonly conversations: ReadonlyMap<string, ConversationTip>
  /** The generation of the keyring that drafts must have been prepared with, since the last decision to erase; 0 before any. */
  readonly fence: number
  /** One above the seq of the newest record that can change what may be destroyed; 0 before any, and where no draft was judged. */
  readonly bound: number
}

export interface NewEntry {
  readonly seq: number
  /** Its canonical text; what is stored, and what was hashed, is the UTF-8 of it. */
  readonly entry: string
  /** The tree nodes this entry completes, leaf first (spec/tree.md). */
  readonly nodes: Uint8Array
  readonly subject_ids: readonly string[]
  readonly payloads: readonly DraftPayload[]
}

export interface Sequenced {
  readonly entries: readonly NewEntry[]
  /** One per draft, in the order of the batch. */
  readonly placed: readonly Placed[]
  readonly tip: Tip
  /** The conversations that this batch moved on, and where they stand now. */
  readonly conversations: ReadonlyMap<string, ConversationTip>
  /** That of the newest decision to erase which has a place. */
  readonly fence: number
}

/**
 * Places drafts behind `tip`, in their order. Laws (spec/sequencing.md §1):
 * I1 seqs are consecutive from the tip; I2 each previous_hash is the hash of the entry before; I3 recorded_at never
 * decreases; I4 a conversation's links run from 0 without gap or fork; I5 an id gets one place: the same commitment is
 * answered with it again, another one with `conflict`, a destroyed one with `destroyed`; I24 no draft gets a place that was prepared before the fence;
 * I28 no decision to destroy gets one that was judged before a record which can change the judgement.
 */
export function sequence(tip: Tip, drafts: readonly PreparedDraft[], known: Known, at: UnixMillis): Sequenced {
  const growth = createGrowth(tip.frontier)
  const recorded_at = laterOf(tip.recorded_at, at)
  const standing = new Map(known.standing)
  const conversations = new Map<string, ConversationTip>()
  const entries: NewEntry[] = []
  const placed: Placed[] = []
  let previous_hash = tip.integrity_hash
  let { fence, bound } = known

  for (const draft of drafts) {
    // 1. An id that has a place keeps it (I5); earlier drafts of this very batch count as standing.
    const earlier = standing.get(draft.id)
    if (earlier !== undefined) {
      placed.push(answerAgain(draft, earlier))
      continue
    }
    // 2. What was prepared with keys that are to be destroyed gets none (I24).
    if (draft.keyring_generation < fence) {
      placed.push({ state: 'stale', fence })
      continue
    }
    // 3. Nor what was judged before a hold, or before what was found out about records since (I28).
    if (draft.judged_below !== undefined && draft.judged_below < bound) {
      placed.push({ state: 'overtaken', bound })
      continue
    }
    // 4. The place: next seq, link to the entry before, link to the conversation's entry before (I1, I2, I4).
    const seq = growth.size
    const place: Place = {
      seq,
      previous_hash,
      recorded_at,
      ...conversationLink(draft.conversation_id, conversations, known),
    }
    // 5. The text that is hashed is the text that is stored.
    const entry = entryText(draft.pieces, place)
    const integrity_hash = leafHexOfText(entry)
    const nodes = growth.append(bytesOfHex(integrity_hash))
    // 6. What the next draft builds on.
    previous_hash = integrity_hash
    fence = Math.max(fence, draft.keyring_fence ?? 0)
    if (draft.binding === true) bound = seq + 1
    entries.push({ seq, entry, nodes, subject_ids: draft.subject_ids ?? [], payloads: draft.payloads ?? [] })
    placed.push({ state: 'recorded', seq, integrity_hash, recorded_at })
    standing.set(draft.id, { seq, integrity_hash, draft_commitment: draft.draft_commitment, recorded_at })
    if (draft.conversation_id !== undefined) {
      conversations.set(draft.conversation_id, { conversation_seq: place.conversation?.seq ?? 0, integrity_hash })
    }
  }
  const end: Tip =
    entries.length === 0 ? tip : { frontier: growth.frontier(), integrity_hash: previous_hash, recorded_at }
  return { entries, placed, tip: end, conversations, fence }
}

function answerAgain(draft: PreparedDraft, earlier: Standing): Placed {
  const { seq, integrity_hash, recorded_at } = earlier
  if (earlier.draft_commitment === undefined) return { state: 'destroyed', seq, integrity_hash, recorded_at }
  if (earlier.draft_commitment !== draft.draft_commitment) return { state: 'conflict', seq, integrity_hash }
  return { state: 'duplicate', seq, integrity_hash, recorded_at }
}

function conversationLink(
  conversation_id: string | undefined,
  moved: ReadonlyMap<string, ConversationTip>,
  known: Known,
): Pick<Place, 'conversation'> {
  if (conversation_id === undefined) return {}
  const tip = moved.get(conversation_id) ?? known.conversations.get(conversation_id)
  if (tip === undefined) return { conversation: { seq: 0, previous_hash: '' } }
  return { conversation: { seq: tip.conversation_seq + 1, previous_hash: tip.integrity_hash } }
}

/** The later of the previous `recorded_at` and the clock (I3). */
function laterOf(previous: string, at: UnixMillis): string {
  if (previous === '') return formatTimestamp(at)
  const before = parseTimestamp(previous) ?? unreachable(`recorded_at of a stored entry: ${previous}`)
  return formatTimestamp(Math.max(before, at))
}

// The seam between a ledger and what keeps it. A store is a promise about durability and order; its contract suite is
// testing/store-contract.ts, and every implementation passes it (spec/sequencing.md §3).

import type { UnixMillis } from '../clock/clock.ts'
import type { Hash } from '../crypto/sha256.ts'
import type { EntryPieces } from '../formats/entry.ts'
import type { Action } from '../formats/fields.ts'
import type { StubMark } from '../formats/stub.ts'
import type { Frontier } from '../merkle/growth.ts'
import type { NodeId } from '../merkle/node.ts'

/** An admitted draft: everything but its place is decided. Plain data, so that it can cross to another thread. */
export interface PreparedDraft {
  readonly id: string
  readonly draft_commitment: string
  readonly pieces: EntryPieces
  /** The generation of the keyring whose keys and tokens it was prepared with, or an earlier one (spec/sealing.md §5). */
  readonly keyring_generation: number
  /** Of a decision to erase: the generation that drafts after it must have been prepared with. */
  readonly keyring_fence?: number
  /** It can change what may be destroyed (binding.ts). */
  readonly binding?: true
  /** Of a decision to destroy: how many entries the ledger had when it was judged. */
  readonly judged_below?: number
  readonly conversation_id?: string
  readonly subject_ids?: readonly string[]
  /** The sealed payloads that its content references name. */
  readonly payloads?: readonly DraftPayload[]
}

/** A payload of a draft: sealed and handed in with it, or kept before. */
export type DraftPayload =
  | ({ readonly state: 'sealed' } & SealedPayload)
  | ({ readonly state: 'kept' } & Pick<SealedPayload, 'blob_id' | 'body_digest'>)

/** A payload as it is kept (spec/vault.md §2, §3). */
export interface SealedPayload {
  /** 32 lower-case hex digits. The first twelve are the milliseconds of its making, so that payloads lie in order. */
  readonly blob_id: string
  /** Keyed; what equal bodies are found by. 64 lower-case hex digits. */
  readonly body_digest: string
  readonly content_key: Uint8Array
  /** The first chunk; for a body that fits into it, all there is. */
  readonly sealed: Uint8Array
}

export interface StoredPayload {
  readonly content_key: Uint8Array
  readonly body_digest: string
  /** The first chunk. */
  /** Empty where its chunks have left the database, with every entry that names it. */
  readonly sealed: Uint8Array
  /** Further chunks. */
  readonly more: number
}

/** A payload that the entry at `seq` names. */
export interface KeptBody extends Pick<SealedPayload, 'blob_id' | 'body_digest'> {
  readonly seq: number
}

/** Which payloads are asked for: what records of a conversation name, from `from_seq` on. */
export interface ConversationBodies {
  /** The conversation_id; empty for whatever the ledger has. */
  readonly conversation: string
  readonly from_seq: number
}

export interface Batch {
  /** The ledger's identity, `NAME/INCARNATION`. */
  readonly ledger: string
  readonly drafts: readonly PreparedDraft[]
  /** The wall clock when the batch was handed over; time spent waiting for the lock is added by the store. */
  readonly at: UnixMillis
  /** How long the store may wait for other writers before it answers `not-committed`. */
  readonly patienceMillis: number
  /** `another`: the caller is about to hand in one more; a store that shares transactions may wait for it, briefly. */
  readonly followedBy?: 'another'
}

/** What became of one draft of a committed batch, in the order of the batch. */
export type Placed =
  | { readonly state: 'recorded'; readonly seq: number; readonly integrity_hash: string; readonly recorded_at: string }
  | { readonly state: 'duplicate'; readonly seq: number; readonly integrity_hash: string; readonly recorded_at: string }
  | { readonly state: 'conflict'; readonly seq: number; readonly integrity_hash: string }
  /** Its entry was destroyed: whether it was of the same draft, nobody can tell any more. */
  | { readonly state: 'destroyed'; readonly seq: number; readonly integrity_hash: string; readonly recorded_at: string }
  /** It was prepared with keys that an erasure is to destroy: nothing of it is recorded, and it is to be prepared anew. */
  | { readonly state: 'stale'; readonly fence: number }
  /** It was judged before a record that can change the judgement: nothing of it is recorded, and it is to be judged anew. */
  | { readonly state: 'overtaken'; readonly bound: number }

/** The last entry of a ledger; `undefined` while it is empty. */
export interface Head {
  /** Entries in the ledger; the next one gets this seq. */
  readonly size: number
  readonly recorded_at: string
}

/** A row as stored: the entry's exact bytes, and the tree nodes that it completed (spec/tree.md). */
export interface StoredEntry {
  readonly seq: number
  /** Where the entry has left the database, its stub (formats/stub.ts). */
  readonly entry: Uint8Array
  readonly nodes: Uint8Array
}

export interface StoredCheckpoint {
  readonly size: number
  /** The signed note: body and log signatures, UTF-8. */
  readonly note: string
  /** Cosignature lines that came later, each without its newline, in the order they were stored. */
  readonly cosignatures: readonly string[]
}

/** An entry that is to leave a stub in its row. */
export interface LeavingEntry {
  readonly seq: number
  /** The leaf hash of the entry that was archived, or that the disposition names. */
  readonly leaf: Hash
  readonly mark: StubMark
}

export interface Removal {
  readonly entries: readonly LeavingEntry[]
  /** What it was judged by: none of these actions may have been recorded in the ledger since it had so many entries. */
  readonly judged: { readonly size: number; readonly unless: readonly Action[] }
}

/** An entry that is to stand in its row again, with whatever its payloads lack. */
export interface ReturningEntry {
  readonly seq: number
  readonly entry: Uint8Array
  /** The chunks, the first one too, of payloads that it names. */
  readonly payloads: readonly { readonly blob_id: string; readonly chunks: readonly Uint8Array[] }[]
}

/** Archived entries that lie in other segments now. */
export interface Move {
  /** The segment that their stubs name until now. */
  readonly from: string
  readonly entries: readonly MovingEntry[]
}

export interface MovingEntry {
  readonly seq: number
  /** Its bytes, as they were read where it lies now. */
  readonly entry: Uint8Array
  readonly mark: Extract<StubMark, { state: 'archived' }>
}

/** Which entries to read. All given conditions hold at once; times are RFC 3339 as in entries. */
export interface EntryFilter {
  readonly id?: string
  readonly conversation_id?: string
  readonly actor_id?: string
  readonly resource_type?: string
  readonly resource_id?: string
  readonly subject_id?: string
  /** Caused by the record with this id, or a late fact about it. */
  readonly parent_id?: string
  readonly action?: string
  /** Claimed time, `timestamp`: from inclusive, until exclusive. */
  readonly from?: string
  readonly until?: string
  /** The ledger's own time, `recorded_at`: from inclusive, until exclusive. */
  readonly recorded_from?: string
  readonly recorded_until?: string
  /** seq at least, seq below. */
  readonly from_seq?: number
  readonly until_seq?: number
}

/** One page of a read, by seq. */
export interface Page {
  readonly limit: number
  readonly order: 'ascending' | 'descending'
}

export interface LedgerStore {
  /**
   * Makes room for a new ledger and is durable when it resolves.
   * @throws LedgerError `ledger-exists` where the origin is taken
   */
  create(ledger: string): Promise<void>

  /** The identities of the ledgers in this store, in the order of their creation. */
  ledgers(): Promise<readonly string[]>

  /**
   * Sequences and commits a batch in ONE transaction under the ledger's head lock, through ledger/sequence.ts. It is called
   * again before it has settled: batches are sequenced in the order of the calls, and may share a transaction.
   * When it resolves, every draft is durable, a duplicate of a durable entry, or in conflict with one. Drafts get
   * consecutive seqs in their order; no reader ever sees part of a batch.
   * @throws LedgerError `not-committed`: nothing of the batch is or will be there; `outcome-unknown`: it may be.
   *   Handing the same batch in again settles an unknown outcome: its ids decide.
   */
  commit(batch: Batch): Promise<readonly Placed[]>

  head(ledger: string): Promise<Head | undefined>

  /** Entries that fit, ordered by seq. */
  entries(ledger: string, filter: EntryFilter, page: Page): Promise<readonly StoredEntry[]>

  /**
   * Stored tree nodes, in the order asked, by one read.
   * @throws LedgerError `store-corrupt` where a node is missing
   */
  nodes(ledger: string, ids: readonly NodeId[]): Promise<readonly Hash[]>

  /**
   * The tree of the first `size` entries, grown from that of an earlier size by hashing their stored bytes anew: what is
   * signed rests on nothing that was only remembered. Through ledger/regrow.ts.
   * @throws LedgerError `store-corrupt` where an entry is missing, or its bytes do not give the nodes stored with it
   */
  regrow(ledger: string, from: Frontier, size: number): Promise<Frontier>

  /**
   * Keeps a signed checkpoint, durable when it resolves. Sizes strictly grow: answers `superseded` and keeps nothing
   * where one of this size or larger is there. The newest one itself, handed in again, is answered `kept`: that settles
   * an unknown outcome.
   */
  keepCheckpoint(ledger: string, checkpoint: { size: number; note: string }): Promise<'kept' | 'superseded'>

  /**
   * Commits a transaction, durable when it resolves, that changes nothing which anybody reads: whether an append could be committed now.
   * @throws LedgerError as `commit`
   */
  proveCommit(ledger: string): Promise<void>

  /**
   * Adds a cosignature line to a kept checkpoint, durable when it resolves; a line that is there already is kept once.
   * @throws LedgerError `not-found` where no checkpoint of this size was kept
   */
  keepCosignature(ledger: string, size: number, line: string): Promise<void>

  /** Checkpoints with sizes above `after`, ascending. */
  checkpoints(ledger: string, after: number, limit: number): Promise<readonly StoredCheckpoint[]>

  /** The largest checkpoint of at most this size. */
  latestCheckpoint(ledger: string, atMost: number): Promise<StoredCheckpoint | undefined>

  /**
   * Keeps a payload, or further chunks of one (from 1), that no entry names yet, durable when it resolves; what is there
   * already is left as it is.
   */
  keepPayload(ledger: string, payload: SealedPayload): Promise<void>
  keepChunks(ledger: string, blob_id: string, from: number, chunks: readonly Uint8Array[]): Promise<void>

  payload(ledger: string, blob_id: string): Promise<StoredPayload | undefined>

  /** Further chunks of a payload, from the one numbered `from` on. */
  chunks(ledger: string, blob_id: string, from: number, limit: number): Promise<readonly Uint8Array[]>

  /**
   * For each conversation, in order, the payloads that its newest 1,000 records name, once each, at the newest that does; of these
   * the newest 1,000, in the order of seq. Those whose chunks have left the database are not told.
   */
  keptBodies(ledger: string, wanted: readonly ConversationBodies[]): Promise<readonly (readonly KeptBody[])[]>

  /** Content keys beside payloads, of all whose blob_id comes after `after`, ascending: those whose chunks have left the database too. */
  contentKeys(
    ledger: string,
    after: string,
    limit: number,
  ): Promise<readonly Pick<SealedPayload, 'blob_id' | 'content_key'>[]>

  /** The bytes of the newest entry that names a payload. */
  lastUse(ledger: string, blob_id: string): Promise<Uint8Array | undefined>

  /** Removes payloads made before `before` that no entry names; answers how many. */
  sweepPayloads(ledger: string, before: UnixMillis): Promise<number>

  /**
   * Puts stubs in the place of entries, under the head lock and in ONE transaction: all of them, or none (spec/stubs.md §2).
   * What only stubs name loses its chunks, what nothing names any more goes whole, and so does what is listed for a destroyed
   * entry. Done again, which settles an unknown outcome, it changes nothing. Answers how many rows were changed.
   * @throws LedgerError `removal-refused`: a row has another leaf hash, is the newest, stays, or is destroyed under another
   *   manifest; `removal-overtaken`: it is to be judged anew; `not-committed`, `outcome-unknown`
   */
  replaceEntries(ledger: string, removal: Removal): Promise<number>

  /** Whether whoever opened the store may let entries leave it: asked before that is decided, which nobody takes back. */
  mayRemove(ledger: string): Promise<boolean>

  /**
   * Puts archived entries back into their rows, in ONE transaction: all of them, or none. Those that stand there already are
   * left as they are. Answers how many rows were changed.
   * @throws LedgerError `removal-refused`: the bytes have not the leaf hash of the row, a payload is not whole, or the entry was
   *   destroyed; `not-committed`, `outcome-unknown`
   */
  bringBack(ledger: string, entries: readonly ReturningEntry[]): Promise<number>

  /**
   * Has the stubs of archived entries say where they lie now, in ONE transaction: all of them, or none. Rows that say anything else than
   * that theirs lies in the segment of before are left as they are: it stands there, was destroyed, or was moved already. Answers how many
   * rows were changed.
   * @throws LedgerError `removal-refused`: the bytes have not the leaf hash of the row; `not-committed`, `outcome-unknown`
   */
  moveEntries(ledger: string, move: Move): Promise<number>

  /** Waits for what was begun and lets go of every resource. A second call does nothing; any other is `ledger-closed`. */
  close(): Promise<void>
}

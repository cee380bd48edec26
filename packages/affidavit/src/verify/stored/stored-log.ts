// The seam between what lies in a store and its judgement (spec/verification.md §9). A store answers what is there and
// judges nothing; what is asked together is asked at once, and what can be long comes page by page.

import type { Hash } from '../../crypto/sha256.ts'
import type { ContentReference } from '../../formats/fields.ts'
import type { NodeId } from '../../merkle/node.ts'
import type { KeptCheckpoint } from '../checkpoints.ts'
import type { Row } from '../chunk.ts'
import type { ConversationPlace } from '../entries.ts'
import type { Finding } from '../finding.ts'

/** The number of a ledger in its store. Later ledgers have larger ones. */
export type LedgerNo = number

export interface ListedLedger {
  readonly no: LedgerNo
  readonly origin: string
  /** Whether it has an entry. */
  readonly begun: boolean
}

/** What a store is as a whole: objects that must hold what others hold, and rows that belong to no ledger. */
export type StructurePart = 'indexes' | 'strays'

/**
 * The ledgers of one store, on one connection: what is asked is answered in turn. What the content of the store keeps from
 * being read is an answer where the answer has a word for it; everywhere else the call rejects, with the store's own error,
 * and nothing of the store can be judged.
 */
export interface StoredLedgers {
  /** Every ledger that the store lists, ascending. */
  list(): Promise<readonly ListedLedger[]>
  log(ledger: LedgerNo): StoredLog
  /** What is wrong with a part. @param chosen the ledger that is verified, whose own rows are read along with its entries */
  structure(part: StructurePart, chosen: LedgerNo | undefined): Promise<readonly Finding[]>
}

/** What keeps something from being read. */
export interface Unreadable {
  /** In words. */
  readonly unreadable: string
}

/** An entry as stored, or its stub. What is stored instead of bytes is no bytes here. */
export interface StoredBytes {
  readonly seq: number
  readonly bytes: Uint8Array
  /** What stands in the row, where the bytes came from the archive. */
  readonly stub?: Uint8Array
}

/** Entries `from` inclusive to `to` exclusive. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** A name that is listed for the entry at `seq`. */
export interface Listed {
  readonly seq: number
  /** As bytes: text that is no UTF-8 would read as another text. */
  readonly name: Uint8Array
  /** The claimed time that is listed with it; absent where the store lists none. */
  readonly timestamp?: string
}

/**
 * Rows that follow each other, and what is listed for them: everything behind the last row of the page before (or from the
 * beginning of the stretch) up to the last row of this page, ascending by seq. What cannot be read is missing from a list.
 * So may be what is listed for one seq beyond MAX_LISTED names.
 */
export interface StretchPage {
  /** Not empty; ascending by seq. */
  readonly rows: readonly Row[]
  /** The subjects that entries are listed under. */
  readonly subjects: readonly Listed[]
  /** The payloads that are listed for entries. */
  readonly uses: readonly Listed[]
}

/** More names than an entry has room for. */
export const MAX_LISTED = 16_384

/** What stands beside the first chunk of a payload. */
export interface PayloadHead {
  readonly body_digest: string
  readonly content_key: Uint8Array
  /** Further chunks that are stored. */
  readonly more: number
  /** Its chunks have left the database, the first one too. */
  readonly left?: true
}

/** One of as many scopes as there can be: a longer content key is unreadable, and not read. */
export const MAX_CONTENT_KEY_BYTES = 1_048_700

/** A chunk as stored; `absent`: it is not there, or has another size than its place says, and was not read. */
export type StoredChunk = Uint8Array | 'absent' | Unreadable

/** How many are wanted at most: of checkpoints, and of the newest cosignatures of each. */
export interface Few {
  readonly checkpoints: number
  readonly cosignatures: number
}

/** What a store has of one ledger. Numbers are safe integers of 0 and more; what has another number is a stray row. */
export interface StoredLog {
  /** One more than the largest seq of an entry; 0 where there is none. */
  reach(): Promise<number>
  /** How many entries there are. It may read every one. */
  count(): Promise<number>

  /** Every checkpoint of size `from` or more with all its cosignatures, ascending. */
  checkpoints(from: number): Promise<readonly KeptCheckpoint[]>
  /** Largest first. */
  newestCheckpoints(few: Few): Promise<readonly KeptCheckpoint[]>
  /** The smallest ones larger than `size`, ascending. */
  checkpointsAbove(size: number, few: Few): Promise<readonly KeptCheckpoint[]>

  entry(seq: number): Promise<StoredBytes | undefined>
  /** The entry of each id, by the index of ids; `undefined` where none can be read. */
  entriesOf(ids: readonly string[]): Promise<readonly (StoredBytes | undefined)[]>
  /** The entries that the index lists under a conversation, ascending by seq. */
  conversation(conversation_id: string): Promise<readonly StoredBytes[]>
  /**
   * The entries that the index lists under an action, ascending by seq, in pages; one that cannot be read is the last.
   * @param below all of them where left out
   */
  entriesOfAction(action: string, below?: number): AsyncIterable<readonly StoredBytes[] | Unreadable>
  /** The entry at each place, by the index of conversations; `undefined` where none can be read. */
  entriesAt(places: readonly ConversationPlace[]): Promise<readonly (StoredBytes | undefined)[]>
  /** The stored node of each id; `undefined` where it is not there, cannot be read, or has not the length of a hash. */
  nodes(ids: readonly NodeId[]): Promise<readonly (Hash | undefined)[]>

  /** Every row of a stretch, in pages. */
  stretch(stretch: Stretch): AsyncIterable<StretchPage>
  /** The entries of a stretch for which a payload is listed, in pages. What cannot be read is passed over. */
  entriesWithContent(stretch: Stretch): AsyncIterable<readonly StoredBytes[]>
  /** Whether each payload is listed for no entry from `from` up to just before its `seq`. `false` where that cannot be read. */
  firstNamings(from: number, names: readonly PayloadNaming[]): Promise<readonly boolean[]>
  /** The head of each payload; `undefined` where there is no such payload. */
  payloadHeads(blob_ids: readonly string[]): Promise<readonly (PayloadHead | Unreadable | undefined)[]>
  /** The chunks of a payload of this size in their order; the first that is no bytes is the last. */
  chunks(reference: Pick<ContentReference, 'blob_id' | 'sealed_size'>): AsyncIterable<StoredChunk>
}

/** An entry at `seq` names a payload. */
export interface PayloadNaming {
  readonly seq: number
  readonly blob_id: string
}

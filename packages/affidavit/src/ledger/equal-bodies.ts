// Which body of a conversation is kept already (spec/sealing.md §4): the digests of its newest contents are at hand, so that most
// bodies are looked for without asking anybody.

import { LedgerError } from '../errors/ledger-error.ts'
import { gather } from './gather.ts'
import type { LedgerStore, Placed, PreparedDraft } from './store.ts'

export interface EqualBodies {
  /** The blob_id of an equal body of this conversation; at once where its digests are at hand. Empty: of no conversation. */
  find(conversation: string, body_digest: string): string | undefined | Promise<string | undefined>
  /** Tells of a batch that this process committed, in the order of the commits. */
  committed(drafts: readonly PreparedDraft[], placed: readonly Placed[]): void
  /** Tells that a batch was not: a body of it may have left the database, and what is at hand of others is asked for anew. */
  refused(): void
}

interface Conversation {
  /** blob_ids by digest. */
  readonly blobs: Map<string, string>
  /** How far the store has told of it: the seq behind. */
  told: number
  /** What `others` was when the store was asked. */
  asOf: number
}

/** Beyond, everything is asked for anew: it only saves asking. */
const MAX_AT_HAND = 20_000

export function createEqualBodies(store: Pick<LedgerStore, 'keptBodies'>, ledger: string): EqualBodies {
  const conversations = new Map<string, Conversation>()
  let atHand = 0
  /** The seq of this process's next record, unless somebody else commits one; and how often somebody did. */
  let next = 0
  let others = 0

  const ask = gather(async (names: readonly string[]): Promise<ReadonlyMap<string, Conversation>> => {
    // Nowhere else: whoever waits for an answer finds what is committed meanwhile in it.
    if (isFull()) letGo()
    const asOf = others
    const asked = new Map(names.map((conversation) => [conversation, knownOf(conversation)]))
    const wanted = [...asked].map(([conversation, { told }]) => ({ conversation, from_seq: told }))
    const told = (await store.keptBodies(ledger, wanted).catch(nothingWhereDamaged)) ?? []
    for (const [i, known] of [...asked.values()].entries()) {
      for (const { seq, body_digest, blob_id } of told[i] ?? []) {
        keep(known, body_digest, blob_id)
        known.told = Math.max(known.told, seq + 1)
      }
      known.asOf = asOf
    }
    return asked
  })

  // It is there before its answer: what is committed meanwhile is kept too.
  function knownOf(conversation: string): Conversation {
    const known = conversations.get(conversation) ?? { blobs: new Map(), told: 0, asOf: -1 }
    conversations.set(conversation, known)
    return known
  }

  function keep({ blobs }: Conversation, body_digest: string, blob_id: string): void {
    if (!blobs.has(body_digest)) atHand++
    blobs.set(body_digest, blob_id)
  }

  function isFull(): boolean {
    return conversations.size + atHand > MAX_AT_HAND
  }

  function letGo(): void {
    conversations.clear()
    atHand = 0
  }

  return {
    find(conversation, body_digest) {
      const known = conversations.get(conversation)
      if (known?.asOf === others && !isFull()) return known.blobs.get(body_digest)
      return ask([conversation]).then((asked) => asked.get(conversation)?.blobs.get(body_digest))
    },
    committed(drafts, placed) {
      for (const [i, { conversation_id = '', payloads = [] }] of drafts.entries()) {
        const place = placed[i]
        if (place?.state !== 'recorded') continue
        if (place.seq !== next) others++
        next = place.seq + 1
        const known = payloads.length === 0 ? undefined : conversations.get(conversation_id)
        if (known !== undefined) for (const { body_digest, blob_id } of payloads) keep(known, body_digest, blob_id)
      }
    },
    refused: letGo,
  }
}

/** What cannot be read is not built upon: a body is sealed anew, and verification tells of the damage. */
export function nothingWhereDamaged(error: unknown): undefined {
  if (error instanceof LedgerError && error.code === 'store-corrupt') return undefined
  throw error
}

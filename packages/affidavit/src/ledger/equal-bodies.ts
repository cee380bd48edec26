// Which body of a conversation is kept already (spec/sealing.md §4): the digests of its newest contents are at hand, so that most
// bodies are looked for without asking anybody.

import { gather } from './gather.ts'
import type { LedgerStore, Placed, PreparedDraft } from './store.ts'

export interface EqualBodies {
  /** The blob_id of an equal body of this conversation; at once where its digests are at hand. Empty: of no conversation. */
  find(conversation: string, body_digest: string): string | undefined | Promise<string | undefined>
  /** Tells of a batch that this process committed, in the order of the commits. */
  committed(drafts: readonly PreparedDraft[], placed: readonly Placed[]): void
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

  const ask = gather(async (names: readonly string[]): Promise<void> => {
    const asOf = others
    const asked = [...new Set(names)].map((conversation) => ({ conversation, known: knownOf(conversation) }))
    const wanted = asked.map(({ conversation, known }) => ({ conversation, from_seq: known.told }))
    const told = await store.keptBodies(ledger, wanted)
    for (const [i, { known }] of asked.entries()) {
      for (const { seq, body_digest, blob_id } of told[i] ?? []) {
        keep(known, body_digest, blob_id)
        known.told = Math.max(known.told, seq + 1)
      }
      known.asOf = asOf
    }
  })

  // It is there before its answer: what is committed meanwhile is kept too.
  function knownOf(conversation: string): Conversation {
    const known = conversations.get(conversation) ?? { blobs: new Map(), told: 0, asOf: -1 }
    conversations.set(conversation, known)
    return known
  }

  function keep({ blobs }: Conversation, body_digest: string, blob_id: string): void {
    blobs.set(body_digest, blob_id)
    atHand++
  }

  function letGo(): void {
    conversations.clear()
    atHand = 0
  }

  return {
    find(conversation, body_digest) {
      const known = conversations.get(conversation)
      if (known?.asOf === others) return known.blobs.get(body_digest)
      if (conversations.size + atHand > MAX_AT_HAND) letGo()
      const asked = knownOf(conversation)
      return ask([conversation]).then(() => asked.blobs.get(body_digest))
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
  }
}

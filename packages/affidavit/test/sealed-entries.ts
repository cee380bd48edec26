// Entries with sealed content in a real database, for tests of what is verified of payloads.

import { createSecretKey, type KeyObject } from 'node:crypto'
import { toHex } from '../src/bytes/hex.ts'
import { canonicalValue, ENTRY_JSON } from '../src/bytes/json.ts'
import { createRandomSource } from '../src/crypto/random.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import type { ContentReference } from '../src/formats/fields.ts'
import { CONTENT_ALGORITHM } from '../src/formats/fields.ts'
import type { PreparedDraft, SealedPayload } from '../src/ledger/store.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { fixedClock } from '../src/testing/fixed-clock.ts'
import { plainAdmission } from '../src/testing/plain-admission.ts'
import { createBodyDigest } from '../src/vault/body-digest.ts'
import { createPayloadKey, type ScopeKeys, wrapPayloadKey } from '../src/vault/content-key.ts'
import { sealBytes } from '../src/vault/seal.ts'

const random = createRandomSource()
const SCOPES: ScopeKeys = new Map([['5c'.repeat(16), createSecretKey(Buffer.alloc(32, 3))]])

export interface Sealed {
  readonly reference: ContentReference
  readonly payload: SealedPayload
  /** Further chunks. */
  readonly more: readonly Uint8Array[]
}

/** How a body is sealed where it is not as the first tests have it. */
export interface Sealing {
  readonly scopeKeys?: ScopeKeys
  readonly conversation?: string
  readonly subject_ids?: readonly string[]
  /** Another key than the one that is wrapped. */
  readonly sealedUnder?: KeyObject
}

/** A body, sealed for the ledger `origin`. `made` numbers payloads: each is made a millisecond after the one before. */
export function seal(
  origin: string,
  name: string,
  body: Uint8Array,
  made: number,
  { scopeKeys = SCOPES, conversation = '', subject_ids = [], sealedUnder }: Sealing = {},
): Sealed {
  const blob_id = (Date.UTC(2026, 10, 21) + made).toString(16).padStart(12, '0') + toHex(random(10))
  const place = { ledger: origin, conversation, blob_id }
  const payloadKey = createPayloadKey(random)
  const { chunks, ...sizes } = sealBytes({ ...place, payloadKey: sealedUnder ?? payloadKey, random }, body)
  const digest = createBodyDigest(scopeKeys, place)
  digest.update(body)
  const body_digest = digest.hex()
  const { contentKey, key_id } = wrapPayloadKey({
    ledger: origin,
    blob_id,
    scopeKeys,
    payloadKey,
    body_digest,
    random,
  })
  const [sealed = new Uint8Array(), ...more] = chunks
  return {
    reference: {
      name,
      blob_id,
      media_type: 'text/plain',
      ...sizes,
      algorithm: CONTENT_ALGORITHM,
      key_id,
      subject_ids: [...subject_ids].sort(),
    },
    payload: { blob_id, body_digest, content_key: contentKey, sealed },
    more,
  }
}

/** A draft whose entry names these payloads; those with one chunk come with it. */
export function withContent(draft: PreparedDraft, contents: readonly Sealed[]): PreparedDraft {
  const [first, ...others] = draft.pieces
  const references = canonicalValue(
    'content',
    contents.map(({ reference }) => reference),
    ENTRY_JSON,
  )
  return {
    ...draft,
    pieces: [withField(first, `"content":${references},`), ...others],
    payloads: distinct(contents).map(({ payload, more }) =>
      more.length === 0 ? { state: 'sealed', ...payload } : { state: 'kept', ...payload },
    ),
  }
}

/** An entry may name a payload twice; it comes with it once. */
function distinct(contents: readonly Sealed[]): readonly Sealed[] {
  return [...new Map(contents.map((one) => [one.payload.blob_id, one])).values()]
}

// Behind it stands, of what these drafts have in the first piece, the conversation alone.
function withField(piece: string, field: string): string {
  const at = piece.indexOf('"conversation_id":')
  return at === -1 ? piece + field : piece.slice(0, at) + field + piece.slice(at)
}

/**
 * A ledger with content: seq 1 has two short bodies, seq 2 one of several chunks, seq 3 shares a body with seq 1, seq 4 has
 * none.
 */
export async function makeSealedLedger(
  folder: string,
): Promise<{ readonly origin: string; readonly verifierKey: string; readonly contents: readonly Sealed[] }> {
  const { origin, verifierKey } = await initLedger(folder, { origin: 'sealed.example/log' })
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const clock = fixedClock()
    const { admit } = plainAdmission({ ledger: origin, clock })
    const draft = (): PreparedDraft => admit({ action: 'tool_completed', actor_id: 'agent-1', actor_type: 'agent' })
    const text = (words: string): Uint8Array => Buffer.from(words)
    const question = seal(origin, 'question', text('Is the result back?'), 1)
    const answer = seal(origin, 'answer', text('It is.'), 2)
    const scan = seal(
      origin,
      'scan',
      Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251),
      3,
    )
    await store.keepPayload(origin, scan.payload)
    await store.keepChunks(origin, scan.payload.blob_id, 1, scan.more)
    const drafts = [
      withContent(draft(), [question, answer]),
      withContent(draft(), [scan]),
      withContent(draft(), [question]),
      draft(),
    ]
    await store.commit({ ledger: origin, drafts, at: clock.now(), patienceMillis: 1_000 })
    return { origin, verifierKey, contents: [question, answer, scan] }
  } finally {
    await store.close()
  }
}

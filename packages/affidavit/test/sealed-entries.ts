// Entries with sealed content in a real database, for tests of what is verified of payloads.

import { createSecretKey } from 'node:crypto'
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

/** A body, sealed for the ledger `origin`. `made` numbers payloads: each is made a millisecond after the one before. */
function seal(origin: string, name: string, body: Uint8Array, made: number): Sealed {
  const blob_id = (Date.UTC(2026, 10, 21) + made).toString(16).padStart(12, '0') + toHex(random(10))
  const place = { ledger: origin, conversation: '', blob_id }
  const payloadKey = createPayloadKey(random)
  const { chunks, ...sizes } = sealBytes({ ...place, payloadKey, random }, body)
  const digest = createBodyDigest(SCOPES, place)
  digest.update(body)
  const body_digest = digest.hex()
  const { contentKey, key_id } = wrapPayloadKey({
    ledger: origin,
    blob_id,
    scopeKeys: SCOPES,
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
      subject_ids: [],
    },
    payload: { blob_id, body_digest, content_key: contentKey, sealed },
    more,
  }
}

/** A draft whose entry names these payloads; those with one chunk come with it. */
function withContent(draft: PreparedDraft, contents: readonly Sealed[]): PreparedDraft {
  const [first, ...others] = draft.pieces
  const references = canonicalValue(
    'content',
    contents.map(({ reference }) => reference),
    ENTRY_JSON,
  )
  return {
    ...draft,
    // The field stands behind those that these drafts have in the first piece.
    pieces: [`${first}"content":${references},`, ...others],
    payloads: contents.map(({ payload, more }) =>
      more.length === 0 ? { state: 'sealed', ...payload } : { state: 'kept', blob_id: payload.blob_id },
    ),
  }
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

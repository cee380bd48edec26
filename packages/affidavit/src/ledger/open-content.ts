// Opening the content of a record (spec/reading.md §3): piece by piece, each proven before it is given out.

import type { KeyObject } from 'node:crypto'

import { concatBytes } from '../bytes/compare.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseContentKey } from '../formats/content-key.ts'
import type { AuditRecord, ContentReference } from '../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { unwrapPayloadKey } from '../vault/content-key.ts'
import type { Keyring } from '../vault/keyring.ts'
import { createOpener } from '../vault/open.ts'
import type { LedgerStore, StoredPayload } from './store.ts'

export interface OpeningParts {
  readonly store: LedgerStore
  /** The origin. */
  readonly ledger: string
  readonly keyring: Pick<Keyring, 'scopeKeysById' | 'wrappedAnew'>
}

/** `unavailable`: a key that it takes is not in the keyring any more. */
export type OpenedContent =
  | { readonly state: 'opened'; readonly body: AsyncGenerator<Uint8Array> }
  | { readonly state: 'unavailable' }

/** A keyring that is asked once for each key, for as long as one answer takes: contents of a conversation share theirs. */
export function rememberingKeys(keyring: OpeningParts['keyring']): OpeningParts['keyring'] {
  const known = new Map<string, Promise<KeyObject | undefined>>()
  return {
    wrappedAnew: keyring.wrappedAnew,
    async scopeKeysById(ids) {
      const missing = ids.filter((id) => !known.has(id))
      const asked = missing.length === 0 ? undefined : keyring.scopeKeysById(missing)
      for (const id of missing) {
        known.set(
          id,
          Promise.resolve(asked).then((keys) => keys?.get(id)),
        )
      }
      const keys = await Promise.all(ids.map(async (id) => [id, await known.get(id)] as const))
      return new Map(keys.flatMap(([id, key]) => (key === undefined ? [] : [[id, key] as const])))
    },
  }
}

/** Further chunks that are read at a time. */
const CHUNKS_AT_ONCE = 16

/**
 * Opens one content of a record. That the whole body is what the record commits to is known at its end: the last piece
 * comes when it is.
 * @throws LedgerError `store-corrupt` where what is stored is not what the record names, here or while the body is read
 */
export async function openContent(
  { store, ledger, keyring }: OpeningParts,
  { conversation_id = '' }: Pick<AuditRecord, 'conversation_id'>,
  reference: ContentReference,
): Promise<OpenedContent> {
  const { blob_id, key_id } = reference
  const payload = await store.payload(ledger, blob_id)
  if (payload === undefined) throw altered(reference, 'it is not there')
  const contentKey = parseContentKey(payload.content_key)
  if ('code' in contentKey) throw altered(reference, contentKey.code)
  const scopeKeys = await keyring.scopeKeysById(contentKey.scope_ids)
  let payloadKey = unwrapPayloadKey({ ledger, blob_id, key_id, contentKey: payload.content_key, scopeKeys })
  if ('code' in payloadKey && payloadKey.code === 'scope-key-missing') {
    const anew = (await keyring.wrappedAnew(ledger, [blob_id])).get(blob_id)
    if (anew === undefined) return { state: 'unavailable' }
    payloadKey = unwrapPayloadKey({ ledger, blob_id, ...anew })
  }
  if ('code' in payloadKey) {
    if (payloadKey.code === 'scope-key-missing') return { state: 'unavailable' }
    throw altered(reference, payloadKey.code)
  }
  const opener = createOpener({ ledger, conversation: conversation_id, blob_id, payloadKey, ...sizesOf(reference) })
  return { state: 'opened', body: bodyOf(opener, reference, chunksOf(store, ledger, reference, payload)) }
}

/** The whole body of a content that was opened. */
export async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return concatBytes(...pieces)
}

function sizesOf({ sealed_size, commitment }: ContentReference): Pick<ContentReference, 'sealed_size' | 'commitment'> {
  return { sealed_size, commitment }
}

async function* bodyOf(
  opener: ReturnType<typeof createOpener>,
  reference: ContentReference,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    const plain = opener.push(chunk)
    if ('code' in plain) throw altered(reference, plain.code)
    yield* plain
  }
  const last = opener.end()
  if ('code' in last) throw altered(reference, last.code)
  yield* last.plain
}

// As many as the record names: what somebody put behind them hides nothing, and a verifier finds it.
async function* chunksOf(
  store: LedgerStore,
  ledger: string,
  { blob_id, sealed_size }: ContentReference,
  { sealed }: StoredPayload,
): AsyncGenerator<Uint8Array> {
  yield sealed
  const count = Math.ceil(sealed_size / SEALED_CHUNK_BYTES)
  for (let from = 1; from < count; from += CHUNKS_AT_ONCE)
    yield* await store.chunks(ledger, blob_id, from, Math.min(CHUNKS_AT_ONCE, count - from))
}

function altered({ name }: ContentReference, found: string): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `the content ${JSON.stringify(name)} is not what its record names: ${found}`,
    cure: 'run affidavit verify --content: it says what was changed',
  })
}

// Sealing the content of a draft (spec/sealing.md §4): looked at, kept once where an equal body is kept already, sealed under
// the keys of the persons that it is about.

import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import type { Ask } from '../classify/detect-with.ts'
import { type Inspected, inspectBody } from '../classify/inspect-body.ts'
import { lookAtBody, type SeenBody } from '../classify/look-at-body.ts'
import type { UnixMillis } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { createHmacSha256, createSha256, type Digest, sha256Hex } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseEntry } from '../formats/entry.ts'
import { CONTENT_ALGORITHM, type ContentReference, type DraftContent, LARGE_BODY_BYTES } from '../formats/fields.ts'
import { CHUNK_PLAIN_BYTES, checkContentKey, createStoredCheck, SALT_BYTES } from '../formats/sealed.ts'
import { equalBodyInfo } from '../vault/body-digest.ts'
import { createPayloadKey, type ScopeKeys, wrapPayloadKey } from '../vault/content-key.ts'
import type { ScopeKey } from '../vault/keyring.ts'
import { createSealer, type SealInput, sealBytes } from '../vault/seal.ts'
import { cleanPieces, createCleaning, piecesOf, watched } from './clean-body.ts'
import { type EqualBodies, nothingWhereDamaged } from './equal-bodies.ts'
import type { KeysAtHand } from './keys-at-hand.ts'
import type { DraftPayload, LedgerStore } from './store.ts'
import type { Sweep } from './sweep.ts'

export interface SealingParts {
  readonly store: LedgerStore
  /** The origin. */
  readonly ledger: string
  readonly keys: KeysAtHand
  readonly random: RandomSource
  readonly sweep: Sweep
  readonly equalBodies: EqualBodies
}

/** Where the content of one draft belongs. */
export interface ContentPlace {
  /** The conversation_id; empty where there is none. */
  readonly conversation: string
  readonly scopeKeys: readonly ScopeKey[]
  readonly at: UnixMillis
}

/** What was found in a content, and the detectors of one's own that failed at some of it. */
export interface SeenContent extends Inspected {
  readonly undetectedBy: readonly string[]
}

export interface SealedContent {
  readonly reference: ContentReference
  readonly payload: DraftPayload
  readonly inspection: SeenContent
}

/** A body as it was received: its SHA-256, and the bytes where they are few. */
export interface ReceivedBody {
  readonly sha256: string
  readonly body: Uint8Array | Blob
}

/** Further chunks that are handed to the store at a time. */
const CHUNKS_AT_ONCE = 16
/** What a payload of one chunk holds; it comes with its record. */
const ONE_CHUNK_BYTES = CHUNK_PLAIN_BYTES - SALT_BYTES

/** Reads a body once. A Blob is read again when it is sealed, and must be the same then. */
export async function receiveBody({ body }: Pick<DraftContent, 'body'>): Promise<ReceivedBody> {
  const bytes = typeof body === 'string' ? utf8(body) : body
  if (bytes instanceof Uint8Array && bytes.length <= LARGE_BODY_BYTES) return { sha256: sha256Hex(bytes), body: bytes }
  const digest = createSha256()
  for await (const piece of piecesOf(bytes)) digest.update(piece)
  return { sha256: digest.hex(), body: bytes }
}

/** A body that was looked through. Nothing of it is kept yet. */
export interface InspectedBody {
  readonly received: ReceivedBody
  readonly words: Words
  readonly place: ContentPlace
  readonly inspection: SeenContent
  readonly body_digest: string
  /** What is left of it, where that is one chunk; a larger one is read again. */
  readonly small: Uint8Array | undefined
}

/**
 * Looks through one body, without what may not be kept.
 * @throws LedgerError `invalid-draft` where a body cannot be read
 */
export async function inspectContent(
  parts: SealingParts,
  received: ReceivedBody,
  words: Words,
  place: ContentPlace,
  ask: Ask | undefined,
): Promise<InspectedBody> {
  const inspected = { received, words, place }
  if (received.body instanceof Uint8Array && received.body.length <= ONE_CHUNK_BYTES) {
    const { body, ...found } = inspectBody(received.body, words.media_type)
    if (body.length <= ONE_CHUNK_BYTES) {
      const seen = ask === undefined ? NOBODY_ASKED : await lookAtBody(one(body), words.media_type, ask)
      const body_digest = digestOf(parts, place, body)
      return { ...inspected, inspection: together(found, seen), body_digest, small: body }
    }
  }
  const digest = bodyDigest(parts, place)
  const inspection = await inspectLarge(received, words.media_type, digest, ask)
  return { ...inspected, inspection, body_digest: digest.hex(), small: undefined }
}

// What may not be kept is shown to nobody: detectors of one's own see what is left.
async function inspectLarge(
  { body }: ReceivedBody,
  media_type: string,
  digest: Digest,
  ask: Ask | undefined,
): Promise<SeenContent> {
  const pieces = piecesOf(body)
  if (ask === undefined) {
    return together(await cleanPieces(pieces, media_type, async (piece) => digest.update(piece)), NOBODY_ASKED)
  }
  const cleaning = createCleaning(pieces, media_type)
  const seen = await lookAtBody(watched(cleaning.pieces(), digest), media_type, ask)
  return together(cleaning.told(), seen)
}

/**
 * Seals what is left of a body, or finds the payload of an equal one.
 * @throws LedgerError `invalid-draft` where a large body is not what it was when it was received; what the store throws
 */
export async function sealContent(parts: SealingParts, inspected: InspectedBody): Promise<SealedContent> {
  const { words, place, body_digest, small, inspection } = inspected
  const kept =
    (await findEqual(parts, inspected)) ??
    (small === undefined ? await sealLarge(parts, inspected) : sealSmall(parts, small, body_digest, words, place))
  return { ...kept, inspection }
}

type Kept = Omit<SealedContent, 'inspection'>

type Words = Pick<ContentReference, 'name' | 'media_type' | 'subject_ids'>

function digestOf(parts: SealingParts, place: ContentPlace, body: Uint8Array): string {
  const digest = bodyDigest(parts, place)
  digest.update(body)
  return digest.hex()
}

function bodyDigest({ ledger, keys }: SealingParts, { conversation, scopeKeys }: ContentPlace): Digest {
  return createHmacSha256(keys.derived(scopeKeys, equalBodyInfo({ ledger, conversation })))
}

// It comes with its record, in one transaction.
function sealSmall(
  parts: SealingParts,
  body: Uint8Array,
  body_digest: string,
  words: Words,
  place: ContentPlace,
): Kept {
  const payload = beginPayload(parts, place)
  const {
    chunks: [sealed],
    ...sizes
  } = sealBytes(payload, body)
  if (sealed === undefined) throw new TypeError('a payload has at least one chunk; this is a bug')
  const { contentKey, key_id } = wrapPayloadKey({ ...payload, scopeKeys: mapOf(place), body_digest })
  const { blob_id } = payload
  const kept = { state: 'sealed', blob_id, body_digest, content_key: contentKey, sealed } as const
  return {
    reference: { ...words, blob_id, ...sizes, algorithm: CONTENT_ALGORITHM, key_id },
    // A copy: decision 0011.
    payload: { ...kept },
  }
}

// It is kept before its record, chunk by chunk: no more of it is held. Where its record never comes, it is swept.
async function sealLarge(
  parts: SealingParts,
  { received: { body, sha256 }, words, place, body_digest }: InspectedBody,
): Promise<Kept> {
  const { store, ledger } = parts
  await parts.sweep(place.at)
  const payload = beginPayload(parts, place)
  const { blob_id } = payload
  const sealer = createSealer(payload)
  const again = createSha256()
  const keep = keepInOrder(store, ledger, blob_id)
  await cleanPieces(watched(piecesOf(body), again), words.media_type, (piece) => keep.chunks(sealer.push(piece)))
  if (again.hex() !== sha256) throw bodyChanged(words.name)
  const { chunks, ...sizes } = sealer.end()
  const first = await keep.end(chunks)
  const { contentKey, key_id } = wrapPayloadKey({ ...payload, scopeKeys: mapOf(place), body_digest })
  await store.keepPayload(ledger, { blob_id, body_digest, content_key: contentKey, sealed: first })
  return {
    reference: { ...words, blob_id, ...sizes, algorithm: CONTENT_ALGORITHM, key_id },
    payload: { state: 'kept', blob_id, body_digest },
  }
}

const NOBODY_ASKED: SeenBody = { found: [], undetectedBy: [] }

function together(inspected: Inspected, seen: SeenBody): SeenContent {
  const found = [...new Set([...inspected.found, ...seen.found])].sort()
  return { ...inspected, found, undetectedBy: seen.undetectedBy }
}

async function* one(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}

/** Keeps further chunks as they come, some at a time; the first one stays here until the end. */
function keepInOrder(
  store: LedgerStore,
  ledger: string,
  blob_id: string,
): { chunks(chunks: readonly Uint8Array[]): Promise<void>; end(chunks: readonly Uint8Array[]): Promise<Uint8Array> } {
  let first: Uint8Array | undefined
  let waiting: Uint8Array[] = []
  let next = 1

  async function handOver(): Promise<void> {
    if (waiting.length === 0) return
    const chunks = waiting
    waiting = []
    await store.keepChunks(ledger, blob_id, next, chunks)
    next += chunks.length
  }

  async function chunks(more: readonly Uint8Array[]): Promise<void> {
    const [head, ...rest] = first === undefined ? more : [undefined, ...more]
    first ??= head
    waiting.push(...rest.filter((chunk) => chunk !== undefined))
    if (waiting.length >= CHUNKS_AT_ONCE) await handOver()
  }

  return {
    chunks,
    async end(last) {
      await chunks(last)
      await handOver()
      if (first === undefined) throw new TypeError('a payload has at least one chunk; this is a bug')
      return first
    },
  }
}

function beginPayload(
  { ledger, random }: SealingParts,
  { conversation, at }: ContentPlace,
): Omit<SealInput, 'random'> & { readonly random: RandomSource } {
  // The first twelve digits are the milliseconds of its making (spec/vault.md §6).
  const blob_id = at.toString(16).padStart(12, '0') + toHex(random(10))
  return { ledger, conversation, blob_id, payloadKey: createPayloadKey(random), random }
}

function mapOf({ scopeKeys }: ContentPlace): ScopeKeys {
  return new Map(scopeKeys.map(({ id, key }) => [id, key]))
}

/**
 * The newest payload with this digest, whose stored bytes are what its entry says: a damaged one is not built upon. The
 * digest is keyed by the scope keys and the conversation, so that whoever finds an equal one shares them.
 */
async function findEqual(parts: SealingParts, { words, place, body_digest }: InspectedBody): Promise<Kept | undefined> {
  const found = parts.equalBodies.find(place.conversation, body_digest)
  const blob_id = found instanceof Promise ? await found : found
  if (blob_id === undefined) return undefined
  const reference = await wholeReference(parts, blob_id, body_digest).catch(nothingWhereDamaged)
  if (reference === undefined) return undefined
  return { reference: { ...reference, ...words }, payload: { state: 'kept', blob_id, body_digest } }
}

/** What the newest entry that names a payload says of it, where that is stored. */
async function wholeReference(
  { store, ledger }: SealingParts,
  blob_id: string,
  body_digest: string,
): Promise<ContentReference | undefined> {
  const entry = await store.lastUse(ledger, blob_id)
  const parsed = entry === undefined ? undefined : parseEntry(entry)
  const contents = parsed !== undefined && 'entry' in parsed ? (parsed.entry.content ?? []) : []
  const reference = contents.find((content) => content.blob_id === blob_id)
  return reference !== undefined && (await isWhole(store, ledger, reference, body_digest)) ? reference : undefined
}

async function isWhole(
  store: LedgerStore,
  ledger: string,
  reference: ContentReference,
  body_digest: string,
): Promise<boolean> {
  const stored = await store.payload(ledger, reference.blob_id)
  // What it is listed under is in its content key too; both must be so.
  if (stored?.body_digest !== body_digest) return false
  if (checkContentKey(stored.content_key, { key_id: reference.key_id, body_digest }) !== undefined) return false
  const check = createStoredCheck(reference)
  check.push(stored.sealed)
  for (let from = 1; from <= stored.more; from += CHUNKS_AT_ONCE) {
    for (const chunk of await store.chunks(ledger, reference.blob_id, from, CHUNKS_AT_ONCE)) check.push(chunk)
  }
  return check.end() === undefined
}

function bodyChanged(name: string): LedgerError {
  return new LedgerError('invalid-draft', {
    problem: `the body of the content ${JSON.stringify(name)} changed while it was read; nothing was recorded`,
    cure: 'hand in bytes that nobody else writes to',
    path: 'content',
  })
}

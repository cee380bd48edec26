// Opening sealed content to verify it (spec/verification.md §7): every payload whose keys are there is opened, and held against
// what its entries commit to. No byte of it is kept.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import { parseContentKey } from '../formats/content-key.ts'
import { checkReference, createStoredCheck } from '../formats/sealed.ts'
import { unwrapPayloadKey } from '../vault/content-key.ts'
import type { Keyring } from '../vault/keyring.ts'
import { createOpener, type OpenFault } from '../vault/open.ts'
import {
  type ContentOpener,
  type ContentOpening,
  contentName,
  type ErasureRecord,
  type NamedContent,
  type SealedContents,
} from '../verify/content.ts'
import { createFindings, type Finding, finding } from '../verify/finding.ts'
import { type AnewKeys, createAnewKeys } from './anew-keys.ts'
import { createKnownScopes, type KnownScopes } from './known-scopes.ts'

/** A keyring as far as verification reads it. */
export type ReadKeyring = Pick<Keyring, 'scopeKeysById' | 'wrappedAnew' | 'close'>

/**
 * Opens content with the keyring of its ledger, which is asked for where there is content, and closed afterwards. What keeps
 * it from being opened is said in the report. The work is done in the calling thread.
 */
export function contentOpener(openKeyring: (ledger: string) => Promise<ReadKeyring>): ContentOpener {
  return {
    async open(contents) {
      let keyring: ReadKeyring
      try {
        keyring = await openKeyring(contents.ledger)
      } catch (error) {
        return { state: 'not opened', why: said(error) }
      }
      try {
        return await openAll(contents, createKnownScopes(keyring), createAnewKeys(keyring, contents.ledger))
      } finally {
        await keyring.close()
      }
    },
  }
}

/** What came of a payload at one entry. Altered bytes are found without keys, and nothing is said of them here. */
type Outcome =
  | { readonly state: 'opened' }
  | { readonly state: 'altered' }
  | { readonly state: 'unavailable'; readonly why: string }
  | {
      readonly state: 'wrong'
      readonly code: 'content-unopenable' | 'content-commitment-mismatch'
      readonly why: string
    }

/** Payloads whose outcome is remembered, so that what many entries share is opened once. */
const MAX_SEEN = 50_000

/** Opens batch by batch: the keys of a batch are asked for at once. */
async function openAll(contents: SealedContents, scopes: KnownScopes, anew: AnewKeys): Promise<ContentOpening> {
  const findings = createFindings()
  const erasures = new Map<string, ErasureRecord>()
  const seen = new Map<string, Outcome>()
  let opened = 0
  let erased = 0

  async function take(named: NamedContent, outcome: Outcome): Promise<void> {
    if (outcome.state === 'opened' && named.named === 'first') opened++
    if (outcome.state === 'altered') return
    const erasure = outcome.state === 'wrong' ? undefined : await contents.erasureBehind(named)
    if (outcome.state === 'opened') {
      // Before its keys are gone, what is to be erased opens.
      if (erasure !== undefined && erasure.phase !== 'decided') findings.add(opensThough(named, erasure))
      return
    }
    if (erasure === undefined) findings.add(foundOf(named, outcome))
    else {
      if (named.named === 'first') erased++
      erasures.set(`${erasure.ledger} ${erasure.seq} ${erasure.link}`, erasure)
    }
  }

  const result = (): Omit<ContentOpening & { readonly state: 'opened' }, 'stopped'> => ({
    state: 'opened',
    opened,
    erased,
    erasures: [...erasures.values()],
    findings,
  })

  for await (const batch of batches(contents)) {
    try {
      await scopes.learn(batch.flatMap(({ scope_ids }) => scope_ids))
      const closed = batch.filter(({ scope_ids }) => scope_ids.some((id) => !scopes.keys.has(id)))
      await anew.learn(closed.map(({ named }) => named.reference.blob_id))
    } catch (error) {
      return { ...result(), stopped: `from seq ${batch[0]?.named.place.seq} on, ${said(error)}` }
    }
    for (const { named, contentKey } of batch) {
      const key = identity(named)
      const known = seen.get(key)
      const outcome = known ?? (await openOne(contents, named, contentKey, scopes, anew))
      if (known === undefined && seen.size < MAX_SEEN) seen.set(key, outcome)
      await take(named, outcome)
    }
  }
  return result()
}

// The keyring, or a key of it, came back from somewhere; or what was recorded is not true.
function opensThough({ place, reference }: NamedContent, { ledger, seq }: ErasureRecord): Finding {
  const said = `it opens, and was erased under the record at seq ${seq} of ${ledger}`
  return finding('erased-content-opens', place, `${contentName(reference)}: ${said}`)
}

// Everything that decides what comes of it.
function identity({ conversation, reference }: NamedContent): string {
  const { blob_id, key_id, plain_size, sealed_size, ciphertext_sha256, commitment } = reference
  return [blob_id, key_id, plain_size, sealed_size, ciphertext_sha256, commitment, conversation].join('\n')
}

function foundOf({ place, reference }: NamedContent, outcome: Outcome & { readonly why: string }): Finding {
  const code = outcome.state === 'wrong' ? outcome.code : 'content-unavailable'
  return finding(code, place, `${contentName(reference)}: ${outcome.why}`)
}

interface ToOpen {
  readonly named: NamedContent
  readonly contentKey: Uint8Array
  readonly scope_ids: readonly string[]
}

/** Payloads of a batch, and scopes: a content key has one scope or a few, and 65,535 at most. */
const BATCH = 256
const BATCH_SCOPES = 4_096

async function* batches(contents: SealedContents): AsyncGenerator<readonly ToOpen[]> {
  let batch: ToOpen[] = []
  let scopes = 0
  for await (const named of contents.named()) {
    const toOpen = await prepare(contents, named)
    if (toOpen === undefined) continue
    batch.push(toOpen)
    scopes += toOpen.scope_ids.length
    if (batch.length < BATCH && scopes < BATCH_SCOPES) continue
    yield batch
    batch = []
    scopes = 0
  }
  if (batch.length > 0) yield batch
}

// What is not there, or cannot be, is found without keys.
async function prepare(contents: SealedContents, named: NamedContent): Promise<ToOpen | undefined> {
  const { reference } = named
  const contentKey = checkReference(reference).length > 0 ? undefined : await contents.contentKey(reference.blob_id)
  if (contentKey === undefined) return undefined
  const parsed = parseContentKey(contentKey)
  return 'code' in parsed ? undefined : { named, contentKey, scope_ids: parsed.scope_ids }
}

async function openOne(
  contents: SealedContents,
  named: NamedContent,
  contentKey: Uint8Array,
  { keys, whyMissing }: KnownScopes,
  anew: AnewKeys,
): Promise<Outcome> {
  const { ledger } = contents
  const { blob_id, key_id } = named.reference
  let payloadKey = unwrapPayloadKey({ ledger, blob_id, key_id, contentKey, scopeKeys: keys })
  if ('code' in payloadKey && payloadKey.code === 'scope-key-missing') {
    const inKeyring = anew.of(blob_id)
    if (inKeyring === 'damaged') return { state: 'unavailable', why: 'its key in the keyring is damaged' }
    if (inKeyring !== undefined) payloadKey = unwrapPayloadKey({ ledger, blob_id, ...inKeyring })
  }
  if (!('code' in payloadKey)) return openStored(contents, named, payloadKey)
  switch (payloadKey.code) {
    case 'scope-key-missing':
      return { state: 'unavailable', why: whyMissing(payloadKey.scope_ids) }
    case 'wrong-key':
      return wrong('its content key is the recorded one, and does not open under the scope keys that it names')
    default:
      return { state: 'altered' }
  }
}

// As a stream, hashed on the way: only of bytes that are those of the entry does it mean anything that they do not open.
async function openStored(
  { ledger, stored }: SealedContents,
  { conversation, reference }: NamedContent,
  payloadKey: KeyObject,
): Promise<Outcome> {
  const { blob_id, sealed_size, commitment } = reference
  const check = createStoredCheck(reference)
  const opener = createOpener({ payloadKey, ledger, conversation, blob_id, sealed_size, commitment })
  for await (const piece of stored(reference)) {
    check.push(piece)
    opener.push(piece)
  }
  if (check.end() !== undefined) return { state: 'altered' }
  const end = opener.end()
  return 'code' in end ? wrongOf(end) : { state: 'opened' }
}

function wrongOf(fault: OpenFault): Outcome {
  switch (fault.code) {
    case 'commitment-mismatch': {
      const why = 'it opens, to another body than the entry commits to'
      return { state: 'wrong', code: 'content-commitment-mismatch', why }
    }
    case 'chunk-altered':
      return wrong(`its chunk ${fault.index} is as it was recorded, and does not open: it was recorded wrong`)
    default:
      return wrong(`it is as it was recorded, and does not open (${fault.code})`)
  }
}

function wrong(why: string): Outcome {
  return { state: 'wrong', code: 'content-unopenable', why }
}

// A bug of ours is no answer.
function said(error: unknown): string {
  if (!(error instanceof LedgerError)) throw error
  return `${error.code}: ${error.problem}`
}

// A draft that may wait on disk until it is recorded (spec/spool.md §2): checked as an append would, out of its caller's hands,
// and without sensitive authentication data.

import { lookWith } from '../classify/look.ts'
import { createMetadataLook, type MaskedMetadata, maskMetadata } from '../classify/mask-metadata.ts'
import type { Masked } from '../classify/masked-places.ts'
import { createNames } from '../classify/rewrite-json.ts'
import { detectAuthenticationData } from '../classify/structured.ts'
import type { Clock } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { parseDraft } from '../formats/draft.ts'
import { canonicalDraft, canonicalFields, type OwnDraft } from '../formats/entry.ts'
import { type Draft, type DraftContent, MAX_DRAFT_BYTES } from '../formats/fields.ts'
import { isLateFact } from '../formats/late-facts.ts'
import { cleanPieces, piecesOf } from './clean-body.ts'
import { fewAtOnce } from './few-at-once.ts'
import { draftTooLarge, inOurWords, type Received, receiveDraft } from './receive.ts'

export interface Spoolable {
  readonly draft: SpoolableDraft
  /** It is another draft than the one that was handed in: something was removed, or it had no id or time. */
  readonly changed: boolean
}

/** Every body is bytes. */
export interface SpoolableDraft extends Omit<Draft, 'content'> {
  readonly id: string
  readonly timestamp: string
  readonly content?: SpoolableContent[]
}

interface SpoolableContent extends DraftContent {
  readonly body: Uint8Array
}

export interface SpoolableParts {
  readonly actions: ApplicationActions
  readonly clock: Clock
  readonly random: RandomSource
}

/** Types and places of what was removed, like `masked`. */
const REMOVED_MEMBER = 'removed_before_spool'
/** Drafts whose bodies are held and looked through at a time. */
const AT_ONCE = 2

const lookForAuthentication = lookWith(detectAuthenticationData)

/** The draft is out of its caller's hands when the call returns; large bodies and files are read once, before it resolves. */
export function createSpoolable({ actions, clock, random }: SpoolableParts): (value: unknown) => Promise<Spoolable> {
  const few = fewAtOnce(AT_ONCE)
  const look = createMetadataLook()
  return async (value) => {
    const received = inOurWords(() => receive(value))
    const metadata = maskMetadata(received.own, lookForAuthentication)
    if (received.content.length === 0) return spoolable(received, metadata, [])
    return few(async () => spoolable(received, metadata, await cleanContents(received.content)))
  }

  function receive(value: unknown): Received {
    // As an append would: what that refuses is refused here. What it masks, it masks when the draft is recorded.
    return receiveDraft(parseDraft(value, actions), { at: clock.now(), random, look })
  }
}

interface Cleaned {
  readonly content: SpoolableContent
  readonly removed: readonly Masked[]
}

async function cleanContents(contents: readonly DraftContent[]): Promise<readonly Cleaned[]> {
  const cleaned: Cleaned[] = []
  for (const content of contents) cleaned.push(await cleanContent(content))
  return cleaned
}

async function cleanContent(content: DraftContent): Promise<Cleaned> {
  const pieces: Uint8Array[] = []
  const body = typeof content.body === 'string' ? Buffer.from(content.body) : content.body
  const { removed } = await cleanPieces(piecesOf(body), content.media_type, async (piece) => {
    // A copy: what was looked through is what is kept, also where its owner writes to it meanwhile.
    pieces.push(piece.slice())
  })
  const types = (Object.keys(removed) as (keyof typeof removed)[]).sort()
  return {
    content: { ...content, body: Buffer.concat(pieces) },
    removed: types.length === 0 ? [] : [{ path: `content.${content.name}`, types }],
  }
}

function spoolable(received: Received, metadata: MaskedMetadata, cleaned: readonly Cleaned[]): Spoolable {
  const removed = [...metadata.masked, ...cleaned.flatMap((one) => one.removed)]
  const { draft: given, id, timestamp } = received
  const { content: _, ...fields } = metadata.draft
  const draft = { ...fields, ...detailsWith(fields, removed), id, timestamp }
  if (removed.length > 0) refuseTooLarge(draft)
  return {
    draft: cleaned.length === 0 ? draft : { ...draft, content: cleaned.map(({ content }) => content) },
    changed: removed.length > 0 || given.id === undefined || given.timestamp === undefined,
  }
}

// The details of a late fact are fixed: there the words that stand in the place of what was removed say it alone.
function detailsWith({ action, details = {} }: OwnDraft, removed: readonly Masked[]): Pick<Draft, 'details'> {
  if (removed.length === 0 || isLateFact(action)) return {}
  const nameOf = createNames()
  for (const name of Object.keys(details)) nameOf(name)
  return { details: { ...details, [nameOf(REMOVED_MEMBER)]: removed } }
}

function refuseTooLarge(draft: Draft): void {
  const size = Buffer.byteLength(inOurWords(() => canonicalDraft(canonicalFields(draft))))
  if (size > MAX_DRAFT_BYTES) throw draftTooLarge(`without what may not be kept the draft has ${size} bytes`, '')
}

// A draft as it was received: what is committed to, whatever becomes of it on its way into a record (spec/entry.md §4, §6).

import { toHex } from '../bytes/hex.ts'
import { JsonFault } from '../bytes/json.ts'
import { uuidV7 } from '../bytes/uuid.ts'
import type { DetectedType } from '../classify/detector.ts'
import type { Look } from '../classify/look.ts'
import { type MaskedMetadata, maskMetadata } from '../classify/mask-metadata.ts'
import type { Masked } from '../classify/masked-places.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { DraftFault } from '../formats/draft-fault.ts'
import {
  canonicalDraft,
  canonicalFields,
  changedFields,
  type FieldTexts,
  type OwnDraft,
  readBack,
  rewriteFields,
} from '../formats/entry.ts'
import { type Draft, type DraftContent, MAX_DRAFT_BYTES, OWN_MEMBERS } from '../formats/fields.ts'
import { readRecipient } from '../formats/recipient.ts'

/** A draft that fits the format, and is ours. */
export interface Received {
  readonly draft: Omit<Draft, 'content'>
  readonly content: readonly DraftContent[]
  /** Canonical texts of the draft, but for its content: what is committed to. */
  readonly fields: FieldTexts
  /** They in one text. */
  readonly text: string
  /** The same with what was found in them masked: what is kept. */
  readonly kept: FieldTexts
  readonly details: OwnDraft['details']
  /** The draft as it was read, and as detectors have left it. */
  readonly own: OwnDraft
  readonly looked: OwnDraft
  /** What each content is called in the record. */
  readonly contentNames: readonly string[]
  /** Detectors of one's own that failed to look at some of it; sorted. */
  readonly undetectedBy: readonly string[]
  /** What they have not looked at, to be sealed with the content. */
  readonly withheld: DraftContent | undefined
  /** Whom it says that data is handed to, as it was handed in. */
  readonly recipient: string | undefined
  readonly masked: readonly Masked[]
  /** Fields whose ids hold what identifies a person. */
  readonly personal: ReadonlySet<string>
  /** What was found in the metadata. */
  readonly found: readonly DetectedType[]
  readonly id: string
  readonly timestamp: string
  /** 128 random bits, lower-case hex. */
  readonly salt: string
  readonly at: UnixMillis
}

export interface Receiving {
  readonly at: UnixMillis
  readonly random: RandomSource
  /** How metadata is looked at. */
  readonly look: Look
  /** Details of the ledger's own records are counts, digests and tokens that it wrote itself: none of them is masked. */
  readonly details?: 'our own'
}

/**
 * Takes a draft that fits the format.
 * @throws JsonFault where `details` has no canonical form; DraftFault where it says what only the ledger says, or names a recipient that cannot be read; LedgerError `draft-too-large`
 */
export function receiveDraft(
  { content = [], ...draft }: Draft,
  { at, random, look, details: written }: Receiving,
): Received {
  const fields = canonicalFields(draft)
  const text = canonicalDraft(fields)
  // No character takes more than three bytes: most drafts are far from the limit, and need not be read for that.
  if (3 * text.length > MAX_DRAFT_BYTES) refuseTooLarge(text)
  for (const [i, { name }] of content.entries()) {
    if (look(['content'])(name).length > 0) throw namesAPerson(i)
  }
  const own = readBack(draft, fields)
  if (written !== 'our own') refuseOwnMembers(own)
  const {
    draft: kept,
    masked,
    personal,
    found,
  } = written === 'our own' ? maskOthers(own, look) : maskMetadata(own, look)
  const received: Received = {
    draft,
    content,
    fields,
    text,
    kept: rewriteFields(fields, own, kept),
    details: kept.details,
    own,
    looked: kept,
    contentNames: content.map(({ name }) => name),
    undetectedBy: [],
    withheld: undefined,
    recipient: readRecipient(own.action, own.details),
    masked,
    personal,
    found,
    id: draft.id ?? uuidV7(at, random(10)),
    timestamp: draft.timestamp ?? formatTimestamp(at),
    salt: toHex(random(16)),
    at,
  }
  // A copy: decision 0011.
  return { ...received }
}

function refuseTooLarge(text: string): void {
  const size = Buffer.byteLength(text)
  if (size > MAX_DRAFT_BYTES) throw draftTooLarge(`the draft has ${size} bytes of canonical JSON`, '')
}

function maskOthers({ details, ...others }: OwnDraft, look: Look): MaskedMetadata {
  const looked = maskMetadata(others, look)
  return details === undefined ? looked : { ...looked, draft: { ...looked.draft, details } }
}

/** A name of a content cannot be masked: two could become one. */
export function namesAPerson(i: number): DraftFault {
  return new DraftFault(`content[${i}].name`, 'holds what identifies a person; a name says what it is: message, result')
}

function refuseOwnMembers({ details = {} }: OwnDraft): void {
  const ours = OWN_MEMBERS.find((name) => Object.hasOwn(details, name))
  if (ours !== undefined)
    throw new DraftFault(`details.${ours}`, 'this member is written by the ledger; choose another name')
}

/** Everything that is sealed with the record: its content, then what was withheld from it. */
export function contentToSeal({ content, contentNames, withheld }: Received): readonly DraftContent[] {
  const named = content.map((one, i) => ({ ...one, name: contentNames[i] ?? one.name }))
  return withheld === undefined ? named : [...named, withheld]
}

/** The canonical text of what was received; a body is its SHA-256. */
export function receivedText(
  { fields, text, content }: Received,
  bodies: readonly { readonly sha256: string }[],
): string {
  if (content.length === 0) return text
  const digests = content.map(({ body: _, ...words }, i) => ({ ...words, body_sha256: bodies[i]?.sha256 }))
  return canonicalDraft(changedFields(fields, { content: digests }))
}

/** Runs what takes a draft. @throws LedgerError `invalid-draft` with the path, `draft-too-large` */
export function inOurWords<T>(admit: () => T): T {
  try {
    return admit()
  } catch (error) {
    throw ourWordsFor(error)
  }
}

/** What a caller is told of a fault of his draft; any other error as it is. */
export function ourWordsFor(error: unknown): unknown {
  if (!(error instanceof DraftFault || error instanceof JsonFault)) return error
  const { message: problem, path, cause } = error
  if (error instanceof JsonFault && error.kind === 'too-long') return draftTooLarge(problem, path)
  return new LedgerError('invalid-draft', { problem, path, cause })
}

export function draftTooLarge(problem: string, path: string): LedgerError {
  return new LedgerError('draft-too-large', {
    problem: `${problem}; a draft has at most ${MAX_DRAFT_BYTES} bytes`,
    cure: 'details are for metadata: counts, names, digests; what was said is content',
    path,
  })
}

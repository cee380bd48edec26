// A draft as it was received: what is committed to, whatever becomes of it on its way into a record (spec/entry.md §4, §6).

import { toHex } from '../bytes/hex.ts'
import { JsonFault } from '../bytes/json.ts'
import { uuidV7 } from '../bytes/uuid.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { DraftFault } from '../formats/draft-fault.ts'
import { canonicalDraft, canonicalFields, changedFields, type FieldTexts } from '../formats/entry.ts'
import { type Draft, type DraftContent, MAX_DRAFT_BYTES } from '../formats/fields.ts'

/** A draft that fits the format, and is ours. */
export interface Received {
  readonly draft: Omit<Draft, 'content'>
  readonly content: readonly DraftContent[]
  /** Canonical texts of the draft, but for its content. */
  readonly fields: FieldTexts
  readonly id: string
  readonly timestamp: string
  /** 128 random bits, lower-case hex. */
  readonly salt: string
  readonly at: UnixMillis
}

/**
 * Takes a draft that fits the format.
 * @throws JsonFault where `details` has no canonical form; LedgerError `draft-too-large`
 */
export function receiveDraft({ content = [], ...draft }: Draft, at: UnixMillis, random: RandomSource): Received {
  const fields = canonicalFields(draft)
  const size = Buffer.byteLength(canonicalDraft(fields))
  if (size > MAX_DRAFT_BYTES) throw draftTooLarge(`the draft has ${size} bytes of canonical JSON`, '')
  return {
    draft,
    content,
    fields,
    id: draft.id ?? uuidV7(at, random(10)),
    timestamp: draft.timestamp ?? formatTimestamp(at),
    salt: toHex(random(16)),
    at,
  }
}

/** The canonical text of what was received; a body is its SHA-256. */
export function receivedText({ fields, content }: Received, bodies: readonly { readonly sha256: string }[]): string {
  if (content.length === 0) return canonicalDraft(fields)
  const digests = content.map(({ body: _, ...words }, i) => ({ ...words, body_sha256: bodies[i]?.sha256 }))
  return canonicalDraft(changedFields(fields, { content: digests }))
}

/** Runs what takes a draft. @throws LedgerError `invalid-draft` with the path, `draft-too-large` */
export function inOurWords<T>(admit: () => T): T {
  try {
    return admit()
  } catch (error) {
    if (error instanceof DraftFault || error instanceof JsonFault) {
      const { message: problem, path, cause } = error
      if (error instanceof JsonFault && error.kind === 'too-long') throw draftTooLarge(problem, path)
      throw new LedgerError('invalid-draft', { problem, path, cause })
    }
    throw error
  }
}

export function draftTooLarge(problem: string, path: string): LedgerError {
  return new LedgerError('draft-too-large', {
    problem: `${problem}; a draft has at most ${MAX_DRAFT_BYTES} bytes`,
    cure: 'details are for metadata: counts, names, digests; what was said is content',
    path,
  })
}

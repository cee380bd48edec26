// Admission: an untrusted value becomes a prepared draft that no longer refers to the caller's object (spec/entry.md §4).

import type { KeyObject } from 'node:crypto'

import { toHex } from '../bytes/hex.ts'
import { JsonFault } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { uuidV7, uuidV8 } from '../bytes/uuid.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import { createRandomSource, type RandomSource } from '../crypto/random.ts'
import { hmacSha256Hex, sha256 } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { parseDraft, parseOwnDraft } from '../formats/draft.ts'
import { DraftFault } from '../formats/draft-fault.ts'
import { canonicalDraft, canonicalFields, entryPieces } from '../formats/entry.ts'
import { type Draft, MAX_DRAFT_BYTES } from '../formats/fields.ts'
import type { PreparedDraft } from './store.ts'

export interface Admission {
  /**
   * Checks a caller's draft and prepares it.
   * @throws LedgerError `invalid-draft` with the path, `draft-too-large`
   */
  admit(value: unknown): PreparedDraft
  /**
   * Prepares a record of the ledger about itself.
   * @throws LedgerError as `admit`, where a caller's words in it do not fit the format
   */
  admitOwn(draft: Draft): PreparedDraft
  /** An id that the same words always give (UUIDv8): what is derived twice is recorded once. */
  deriveId(...words: readonly string[]): string
}

export interface AdmissionContext {
  readonly ledger: string
  readonly digestKey: KeyObject
  readonly actions: ApplicationActions
  readonly clock: Clock
}

export function createAdmission(context: AdmissionContext): Admission {
  const random = createRandomSource()
  return {
    admit: (value) => inOurWords(() => prepare(parseDraft(value, context.actions), context, random)),
    admitOwn: (draft) => inOurWords(() => prepare(parseOwnDraft(draft), context, random)),
    deriveId: (...words) => uuidV8(sha256(utf8([context.ledger, ...words].join('\n')))),
  }
}

function prepare(draft: Draft, { ledger, digestKey, clock }: AdmissionContext, random: RandomSource): PreparedDraft {
  const fields = canonicalFields(draft)
  const received = canonicalDraft(fields)
  const size = Buffer.byteLength(received)
  if (size > MAX_DRAFT_BYTES) throw tooLarge(`the draft has ${size} bytes of canonical JSON`, '')
  const now = clock.now()
  const id = draft.id ?? uuidV7(now, random(10))
  const draft_commitment = commit(digestKey, ledger, id, received)
  const timestamp = draft.timestamp ?? formatTimestamp(now)
  const salt = toHex(random(16))
  return {
    id,
    draft_commitment,
    pieces: entryPieces(draft, fields, { id, timestamp, ledger, salt, draft_commitment }),
    ...(draft.conversation_id === undefined ? {} : { conversation_id: draft.conversation_id }),
    ...(draft.subject_ids === undefined ? {} : { subject_ids: [...draft.subject_ids].sort() }),
  }
}

// The id and the ledger stand in front, one a line, so that no two inputs share a message (spec/entry.md §6).
function commit(digestKey: KeyObject, ledger: string, id: string, received: string): string {
  return hmacSha256Hex(digestKey, `affidavit draft v1\n${ledger}\n${id}\n${received}`)
}

function inOurWords(admit: () => PreparedDraft): PreparedDraft {
  try {
    return admit()
  } catch (error) {
    if (error instanceof DraftFault || error instanceof JsonFault) {
      const { message: problem, path, cause } = error
      if (error instanceof JsonFault && error.kind === 'too-long') throw tooLarge(problem, path)
      throw new LedgerError('invalid-draft', { problem, path, cause })
    }
    throw error
  }
}

function tooLarge(problem: string, path: string): LedgerError {
  return new LedgerError('draft-too-large', {
    problem: `${problem}; a draft has at most ${MAX_DRAFT_BYTES} bytes`,
    cure: 'details are for metadata: counts, names, digests',
    path,
  })
}

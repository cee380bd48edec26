// Admission: an untrusted value becomes a draft that no longer refers to the caller's object (spec/entry.md §4), and that is
// prepared under the keys of its persons and its conversation (spec/sealing.md).

import { utf8 } from '../bytes/text.ts'
import { uuidV8 } from '../bytes/uuid.ts'
import { createAsk, type DetectorParts } from '../classify/detect-with.ts'
import { createMetadataLook } from '../classify/mask-metadata.ts'
import type { Clock } from '../clock/clock.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sha256 } from '../crypto/sha256.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { bodySize, parseDraft, parseOwnDraft } from '../formats/draft.ts'
import { type AuditRecord, type Draft, LARGE_BODY_BYTES } from '../formats/fields.ts'
import { createPreparation, type Looked, type LookFurther, type PreparationParts } from './prepare.ts'
import { inOurWords, ourWordsFor, type Received, receiveDraft } from './receive.ts'
import { receiveWith } from './receive-with.ts'
import type { PreparedDraft } from './store.ts'

export interface Admission {
  /**
   * Checks a caller's draft and takes it out of his hands.
   * @throws LedgerError `invalid-draft` with the path, `draft-too-large`
   */
  admit(value: unknown): Admitted
  /**
   * Takes a record of the ledger about itself.
   * @throws LedgerError as `admit`, where a caller's words in it do not fit the format
   */
  admitOwn(draft: Draft): Admitted
  /** An id that the same words always give (UUIDv8): what is derived twice is recorded once. */
  deriveId(...words: readonly string[]): string
}

/** A draft that was taken. */
export interface Admitted {
  readonly id: string
  /** Sealing it takes long enough that others go first. */
  readonly isLarge: boolean
  /**
   * Under the keys of the moment; at once where all are at hand and nothing is to be sealed. May be asked again.
   * @throws Refusal where its recipient may not be given this, by a promise that is rejected
   */
  prepare(): PreparedDraft | Promise<PreparedDraft>
  /** Was that record made of this very draft? `not compared`: a key is destroyed, and nobody can say. */
  compare(standing: AuditRecord): Promise<'same' | 'other' | 'not compared'>
}

export interface AdmissionParts extends Omit<PreparationParts, 'random' | 'deriveId'> {
  readonly actions: ApplicationActions
  readonly clock: Clock
  /** Detectors of one's own; without them nothing is waited for. */
  readonly detectors?: DetectorParts
}

export function createAdmission(parts: AdmissionParts): Admission {
  const { ledger, actions, clock, detectors } = parts
  const random = createRandomSource()
  const look = createMetadataLook()
  const preparation = createPreparation({ ...parts, random, deriveId })

  function deriveId(...words: readonly string[]): string {
    return uuidV8(sha256(utf8([ledger, ...words].join('\n'))))
  }

  function take(draft: Draft, by: 'caller' | 'ledger'): Admitted {
    const receiving = { at: clock.now(), random, look }
    const received = receiveDraft(draft, by === 'caller' ? receiving : { ...receiving, details: 'our own' })
    const further = detectors && createLook(detectors, received, by)
    const admitted: Admitted = {
      id: received.id,
      isLarge: received.content.some(({ body }) => bodySize(body) > LARGE_BODY_BYTES),
      prepare: () => preparation.prepare(received, further),
      compare: (standing) => preparation.compare(received, standing),
    }
    // A copy: decision 0011.
    return { ...admitted }
  }

  return {
    admit: (value) => inOurWords(() => take(parseDraft(value, actions), 'caller')),
    admitOwn: (draft) => inOurWords(() => take(parseOwnDraft(draft), 'ledger')),
    deriveId,
  }
}

/** Detectors are asked about a draft once, however often it is prepared. */
function createLook(detectors: DetectorParts, received: Received, by: 'caller' | 'ledger'): LookFurther {
  let looked: Promise<Looked> | undefined
  return () => {
    looked ??= lookFurther(detectors, received, by)
    return looked
  }
}

async function lookFurther(parts: DetectorParts, received: Received, by: 'caller' | 'ledger'): Promise<Looked> {
  const ask = createAsk(parts)
  try {
    return { received: await receiveWith(received, by, ask), ask }
  } catch (error) {
    throw ourWordsFor(error)
  }
}

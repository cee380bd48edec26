// Admission where no keyring is: every id stands as it is, and what was received is committed to under one key. For contract
// suites, and for tests that need prepared drafts of nobody.

import { createSecretKey, type KeyObject } from 'node:crypto'

import { uuidV8 } from '../bytes/uuid.ts'
import { lookStructured } from '../classify/look.ts'
import type { Clock } from '../clock/clock.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sha256 } from '../crypto/sha256.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { parseDraft, parseOwnDraft } from '../formats/draft.ts'
import type { Draft } from '../formats/fields.ts'
import { classifyRecord } from '../ledger/classify-record.ts'
import { prepareDraft } from '../ledger/prepared-draft.ts'
import { inOurWords, receiveDraft } from '../ledger/receive.ts'
import type { PreparedDraft } from '../ledger/store.ts'

export interface PlainAdmission {
  admit(value: unknown): PreparedDraft
  admitOwn(draft: Draft): PreparedDraft
  /** A valid id that the same words always give. */
  deriveId(...words: readonly string[]): string
}

export interface PlainParts {
  readonly ledger: string
  readonly clock: Clock
  readonly actions?: ApplicationActions
  readonly commitmentKey?: KeyObject
}

export function plainAdmission({
  ledger,
  clock,
  actions = {},
  commitmentKey = SAMPLE_KEY,
}: PlainParts): PlainAdmission {
  const random = createRandomSource()

  function prepare(draft: Draft): PreparedDraft {
    const received = receiveDraft(draft, { at: clock.now(), random, look: lookStructured })
    const subjects = draft.subject_ids === undefined ? {} : { subject_ids: [...draft.subject_ids].sort() }
    return prepareDraft(
      ledger,
      received,
      [],
      { tokenised: subjects, contents: [], commitmentKey, keyring_generation: 1 },
      [],
      { classified: classifyRecord(undefined, received, { found: [], looked_at: 'wholly' }), finding: undefined },
    )
  }

  return {
    admit: (value) => inOurWords(() => prepare(parseDraft(value, actions))),
    admitOwn: (draft) => inOurWords(() => prepare(parseOwnDraft(draft))),
    deriveId: (...words) => uuidV8(sha256([ledger, ...words].join('\n'))),
  }
}

const SAMPLE_KEY = createSecretKey(Buffer.alloc(32, 7))

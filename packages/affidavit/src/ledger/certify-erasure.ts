// The certificate of an erasure that was recorded (spec/erasure.md §5): made from records and keyring, whenever it is asked for.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { ErasureCertificate, ErasureState } from '../erasure/certificate.ts'
import type { ErasureOutcome } from '../erasure/phases.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { earlierSentence, readEarlierReach } from './earlier-reach.ts'
import { readReach } from './erasure-reach.ts'
import { type DecidedErasure, type RecordParts, readCopies } from './erasure-records.ts'
import { keepsNothing } from './kept-content.ts'
import { damagedSentence, wrappedAnewSentence } from './plan-erasure.ts'

/** An erasure with its outcome. */
export interface RecordedErasure extends DecidedErasure {
  readonly outcome: ErasureOutcome
  readonly recorded: AuditRecord
}

const MAX_VERSIONS = 100

export async function certificateOf(
  parts: RecordParts,
  erasure: RecordedErasure,
  at: UnixMillis,
): Promise<ErasureCertificate> {
  const { store, ledger, keyring } = parts
  const { decision, decided, outcome, recorded } = erasure
  const reach = await readReach(store, ledger, decision, decided.seq, keepsNothing)
  const earlier = await readEarlierReach(store, ledger, decision, () => keepsNothing)
  const { destroyed } = await keyring.ends()
  const retired_key_versions = outcome.retired_key_versions
  return {
    ledger,
    certified_at: formatTimestamp(at),
    plan_sha256: decision.plan_sha256,
    approval_sha256: decision.approval_sha256,
    decision_seq: decided.seq,
    outcome_seq: recorded.seq,
    keyring_generation: outcome.keyring_generation,
    subjects: decision.subjects.length,
    conversations: decision.conversations.length,
    records: reach.records,
    payloads: reach.payloads,
    bytes: reach.bytes,
    damaged: decision.damaged,
    destroyed_key_versions: destroyed
      .filter((version) => !retired_key_versions.includes(version))
      .slice(-MAX_VERSIONS)
      .sort(),
    retired_key_versions,
    copies: await readCopies(parts, erasure),
    state: outcome.phase,
    says: sentencesOf(outcome.phase, reach.wrapped_anew, decision.damaged, earlier.records),
  }
}

function sentencesOf(state: ErasureState, wrapped_anew: number, damaged: number, earlier: number): string[] {
  return [
    'The keys of this content, and the ids behind its tokens, are in the keyring of this ledger no more.',
    'What was recorded about the same subjects and conversations between plan and decision is counted, and gone too.',
    state === 'erased'
      ? 'The key-encryption keys of earlier keyrings are destroyed, and each copy listed was reached, or somebody said that it was not.'
      : 'It is not over: a key-encryption key still stands, or nothing was said yet about a copy that is listed.',
    'Copies that nobody knew of are in no list. Tokens, times and sizes stay in the log.',
    ...(wrapped_anew === 0 ? [] : [wrappedAnewSentence(wrapped_anew)]),
    ...(damaged === 0 ? [] : [damagedSentence(damaged)]),
    ...(earlier === 0 ? [] : [earlierSentence(earlier)]),
  ]
}

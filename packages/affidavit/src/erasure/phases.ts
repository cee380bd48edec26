// What the records of an erasure say, and what is still to be done: any process can finish from the record of the decision
// (spec/erasure.md §4). Pure.

import type { JsonValue } from '../bytes/json.ts'
import { ascending, count, generation, hash, label, object, oneOf, type Rule } from '../papers/rules.ts'
import { ERASURE_STATES, type ErasureState } from './certificate.ts'
import { OWNERS, type Owners } from './owners.ts'

/** `details` of `content_erased` before any key dies. */
export interface ErasureDecision extends Owners {
  readonly phase: 'decided'
  readonly plan_sha256: string
  readonly approval_sha256: string
  /** The fence: the first generation of the keyring without the keys. An older one is not to be used any more. */
  readonly keyring_generation: number
  /** Payloads that would have been wrapped anew and were damaged, when it was decided first. */
  readonly damaged: number
}

/** `details` of `content_erased` afterwards; there may be several, the newest counts. */
export interface ErasureOutcome extends Owners {
  readonly phase: ErasureState
  readonly plan_sha256: string
  readonly decision_seq: number
  /** The generation from which on the keys are gone. */
  readonly keyring_generation: number
  readonly retired_key_versions: readonly string[]
}

/** `details` of `content_erased` where keys of persons and conversations are to end under which nothing stands any more. */
export interface KeysEnding {
  readonly phase: 'ending-keys'
  /** The fence, as of a decision. */
  readonly keyring_generation: number
  /** How many. */
  readonly keys: number
}

/** Afterwards. */
export interface KeysEnded {
  readonly phase: 'ended-keys'
  readonly ending_seq: number
  readonly keyring_generation: number
  readonly keys: number
  readonly retired_key_versions: readonly string[]
}

export type ErasureDetails = ErasureDecision | ErasureOutcome | KeysEnding | KeysEnded

const DECISION: Readonly<Record<keyof ErasureDecision, Rule>> = {
  phase: oneOf(['decided']),
  plan_sha256: hash,
  approval_sha256: hash,
  keyring_generation: generation,
  damaged: count,
  ...OWNERS,
}
const OUTCOME: Readonly<Record<keyof ErasureOutcome, Rule>> = {
  phase: oneOf(ERASURE_STATES),
  plan_sha256: hash,
  decision_seq: count,
  keyring_generation: generation,
  retired_key_versions: ascending(label, 0, 100),
  ...OWNERS,
}

const KEYS_ENDING: Readonly<Record<keyof KeysEnding, Rule>> = {
  phase: oneOf(['ending-keys']),
  keyring_generation: generation,
  keys: count,
}
const KEYS_ENDED: Readonly<Record<keyof KeysEnded, Rule>> = {
  phase: oneOf(['ended-keys']),
  ending_seq: count,
  keyring_generation: generation,
  keys: count,
  retired_key_versions: ascending(label, 0, 100),
}
const FORMS: readonly Rule[] = [DECISION, OUTCOME, KEYS_ENDING, KEYS_ENDED].map(object)

/** What the details of a record `content_erased` say; `undefined` where they say nothing that this release knows. */
export function parseErasureDetails(details: JsonValue): ErasureDetails | undefined {
  if (FORMS.every((form) => form(details, '') !== undefined)) return undefined
  // Proven by the rules: exactly the members of one of them.
  return details as unknown as ErasureDetails
}

/** What can be seen of an erasure that was decided. */
export interface ErasureSight {
  readonly decision: ErasureDecision
  /** The newest one. */
  readonly outcome: ErasureOutcome | undefined
  /** The generation of the keyring in force. */
  readonly generation: number
  /** Whether the keyring has any row of the subjects or conversations. */
  readonly rowsLeft: boolean
  /** Key versions of earlier generations that stand although their end was asked for; `undefined` before it was. */
  readonly standing: readonly string[] | undefined
  /** Copies about which nothing was done yet. */
  readonly knownCopies: number
}

export type ErasureStep =
  /** A new generation of the keyring without the subjects and conversations. */
  | 'turn-over'
  /** The key-encryption keys of earlier generations. */
  | 'destroy-keys'
  | 'record-erasing'
  | 'record-erased'
  | 'nothing'

/** The next step; each can be done again, and by whoever comes along. */
export function nextStep({
  decision,
  outcome,
  generation,
  rowsLeft,
  standing,
  knownCopies,
}: ErasureSight): ErasureStep {
  // Somebody else may have turned the keyring over: the number alone does not say that the rows are gone.
  if (generation < decision.keyring_generation || rowsLeft) return 'turn-over'
  if (standing === undefined) return 'destroy-keys'
  if (outcome?.phase === 'erased') return 'nothing'
  if (standing.length === 0 && knownCopies === 0) return 'record-erased'
  return outcome === undefined ? 'record-erasing' : 'nothing'
}

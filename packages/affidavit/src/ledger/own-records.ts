// What the ledger records about itself (spec/sequencing.md §4): its start, conflicts, clock steps, new keys.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { Admission } from './admit.ts'
import { digestKeyCheck } from './check-keys.ts'
import type { LedgerKeys } from './keys.ts'

/** What a ledger follows: nothing, or one that was restored from a backup. */
export type Previous =
  | { readonly kind: 'new' }
  | {
      readonly kind: 'after-restore'
      readonly previous_ledger: string
      /** The newest that came back with the database. */
      readonly previous_checkpoint: string
      /** The newest that was released, where it covers more: what lies between did not come back. */
      readonly lost_checkpoint?: string
    }

/** What entry 0 says of how the ledger begins. */
export type Start = Previous & {
  readonly checkpoint_log: 'same folder' | 'elsewhere'
  readonly keyring: 'same folder' | 'elsewhere'
}

const OWN = { actor_id: 'affidavit', actor_type: 'system', data_classification: 'internal' } as const

/** Entry 0: names the keys that will sign, the generation of the keyring, and the incarnation before. */
export async function startRecord(keys: LedgerKeys, start: Start, keyring_generation: number): Promise<Draft> {
  const checkpoint_key = formatVerifierKey((await keys.checkpoint()).verifierKey)
  const heartbeat_key = formatVerifierKey(keys.heartbeat.verifierKey)
  const { kind, ...previous } = start
  return {
    ...OWN,
    action: 'logging_started',
    outcome: 'success',
    details: {
      start: kind,
      checkpoint_key,
      heartbeat_key,
      digest_key_check: digestKeyCheck(keys),
      keyring_generation,
      ...previous,
    },
  }
}

/** A draft that got no place: its id, and the commitment that it would have had. */
interface Refused {
  readonly id: string
  readonly draft_commitment: string
}

/** Somebody reused an id for another draft. The same conflict, tried again, is the same record. */
export function conflictRecord(admission: Admission, refused: Refused, seq: number): Draft {
  return {
    ...OWN,
    id: admission.deriveId('append_conflicted', refused.id, refused.draft_commitment),
    action: 'append_conflicted',
    outcome: 'denied',
    parent_id: refused.id,
    details: { standing_seq: seq, refused_commitment: refused.draft_commitment },
  }
}

/** The clock went elsewhere than time did. */
export function stepRecord(expected: UnixMillis, found: UnixMillis): Draft {
  const details = { expected: formatTimestamp(expected), found: formatTimestamp(found), step_millis: found - expected }
  return { ...OWN, action: 'clock_stepped', outcome: 'success', details }
}

export function idConflict(id: string, seq: number): LedgerError {
  return new LedgerError('id-conflict', {
    problem: `the id ${id} belongs to another record, at seq ${seq}; this draft was not recorded, the conflict was`,
    cure: 'give each record an id of its own; send a retry exactly as the first try',
    path: 'id',
  })
}

export function erasureUnfinished(fence: number): LedgerError {
  return new LedgerError('not-committed', {
    problem: `an erasure was decided, and generation ${fence} of the keyring is not there yet; nothing was recorded`,
    cure: 'finish it: affidavit erase finish; then append the same drafts again',
  })
}

export function clockJump(expected: UnixMillis, found: UnixMillis): LedgerError {
  return new LedgerError('clock-jump', {
    problem: `the clock says ${formatTimestamp(found)} where ${formatTimestamp(expected)} was expected; nothing was recorded`,
    cure: 'set the clock right, or accept it with ledger.confirmClock({ actor_id, reason })',
  })
}

export function ledgerClosed(): LedgerError {
  return new LedgerError('ledger-closed', {
    problem: 'the ledger is closed; nothing was recorded',
    cure: 'open it again',
  })
}

export function notFound(which: string | number): LedgerError {
  const what = typeof which === 'number' ? `seq ${which}` : `the id ${which}`
  return new LedgerError('not-found', {
    problem: `no record has ${what}`,
    cure: 'affidavit search --ledger DIR lists records',
  })
}

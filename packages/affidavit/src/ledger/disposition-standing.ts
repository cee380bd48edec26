// Where dispositions stand, as their records tell it.

import type { ArchivedObject } from '../disposition/archived-objects.ts'
import type { DispositionReplay, DispositionState } from '../disposition/phases.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { RecordedDisposition, Told } from './disposition-records.ts'

/** Where a disposition stands. */
export interface DispositionStanding {
  readonly plan_sha256: string
  readonly state: 'announced' | 'decided' | 'withdrawn' | DispositionState | DispositionReplay['phase']
  /** Of the newest record of it, and when that was recorded. */
  readonly seq: number
  readonly recorded_at: string
  /** Of a withdrawn one: why, and for which record. */
  readonly because?: string
  readonly because_of_seq?: number
  /** Of one that came back with a backup: the incarnation that decided it. */
  readonly ledger?: string
  /** Of one that is `disposing`: what stands in the archive, and until when nobody can delete it. */
  readonly objects?: readonly ArchivedObject[]
}

export function standingIn({
  plan_sha256,
  announced,
  decided,
  outcome,
  withdrawn,
}: RecordedDisposition): DispositionStanding {
  if (outcome !== undefined) {
    const { phase, objects } = outcome.told
    return { plan_sha256, state: phase, ...placeOf(outcome), ...(objects.length === 0 ? {} : { objects }) }
  }
  if (withdrawn !== undefined) {
    const { because, seq } = withdrawn.told
    return { plan_sha256, state: 'withdrawn', ...placeOf(withdrawn), because, because_of_seq: seq }
  }
  if (decided !== undefined) return { plan_sha256, state: 'decided', ...placeOf(decided) }
  return { plan_sha256, state: 'announced', ...placeOf(announced ?? unreachable('nothing was recorded')) }
}

export function replayIn({ told, ...at }: Told<DispositionReplay>): DispositionStanding {
  return { plan_sha256: told.plan_sha256, state: told.phase, ...placeOf(at), ledger: told.ledger }
}

function placeOf({ seq, recorded_at }: { readonly seq: number; readonly recorded_at: string }): {
  readonly seq: number
  readonly recorded_at: string
} {
  return { seq, recorded_at }
}

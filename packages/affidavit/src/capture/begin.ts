// What is recorded before a step, and after it: launched in order, waited for as the policy says (spec/capture.md §2).

import type { AuditedLedger } from './audited-ledger.ts'
import { type Begun, begunOf, together } from './begun.ts'
import type { Acting, MadeDraft } from './draft-of.ts'
import type { LaterLaunches } from './later-launches.ts'
import type { Policies, Policy, StepKind } from './policy.ts'
import type { Phase, Recorder } from './recorder.ts'
import { type Run, runStopped, stoppedBy, stopRun, type Where, type Whereabouts } from './run.ts'
import type { Versions } from './versions.ts'

/** A record to be made. */
export interface Intended {
  readonly kind: StepKind
  readonly draft: MadeDraft
  /** Others may make it as well: its id says what it is. */
  readonly once?: true
  /** It is durable: what is remembered of it holds. */
  recorded?(): void
  /** It is not: nothing of it is remembered. */
  takeBack?(): void
}

/** Everything that the steps of an audit share. */
export interface Steps {
  readonly ledger: AuditedLedger
  readonly recorder: Recorder
  readonly policies: Policies
  readonly versions: Versions
  readonly where: Where
  /** Whether the ledger judges whom data may be handed to, and refuses. */
  readonly judgesRecipients: boolean
  whereabouts(): Whereabouts
  newId(): string
  /** Who acts in a run, now. */
  acting(run: Run): Acting
  /** Resolves when the beginning of the conversation is on its way. */
  started(run: Run): Promise<Begun>
  readonly operations: StoppedOperations
  readonly later: LaterLaunches
}

/** Operations of frameworks that go on in no run of ours. */
export interface StoppedOperations {
  stop(operation_id: string, error: unknown): void
  stoppedBy(operation_id: string): { readonly error: unknown } | undefined
}

/** @throws LedgerError `run-stopped` */
export function expectRunning({ operations }: Steps, run: Run, operation_id: string | undefined): void {
  const stopped = stoppedBy(run) ?? (operation_id === undefined ? undefined : operations.stoppedBy(operation_id))
  if (stopped !== undefined) throw runStopped(stopped.error)
}

/** Nothing of the run goes on, nor of the operation of a framework. */
export function stop({ operations }: Steps, run: Run, operation_id: string | undefined, error: unknown): void {
  stopRun(run, error)
  if (operation_id !== undefined) operations.stop(operation_id, error)
}

/** Sends records on their way, in order, at once. */
export function begin(steps: Steps, intended: readonly Intended[], before: readonly Begun[] = []): Begun {
  steps.later.now()
  const launched = intended.map((one) => ({ one, durable: launch(steps, 'before', one) }))
  const blocking = launched.filter(({ one }) => policyOf(steps, one) === 'block')
  return together([...before, begunOf(launched.map(durably), blocking.map(durably))])
}

/** As `begin`; but where the step waits for no intent, sealing them does not hold it up either: its request goes first. */
export function beginBeside(steps: Steps, intended: readonly Intended[], before: readonly Begun[] = []): Begun {
  if (intended.some((one) => policyOf(steps, one) === 'block')) return begin(steps, intended, before)
  const durable = Promise.withResolvers<void>()
  steps.later.add(() =>
    durable.resolve(
      begunOf(
        intended.map((one) => launch(steps, 'before', one)),
        [],
      ).durable,
    ),
  )
  return together([...before, begunOf([durable.promise], [])])
}

/** Records what became of a step; resolves when that and all before it is durable. */
export function settle(steps: Steps, outcomes: readonly Intended[], before: readonly Begun[] = []): Promise<void> {
  steps.later.now()
  const launched = outcomes.map((one) => launch(steps, 'after', one))
  return together([...before, begunOf(launched, [])]).durable
}

function durably({ durable }: { readonly durable: Promise<void> }): Promise<void> {
  return durable
}

function launch(steps: Steps, phase: Phase, intended: Intended): Promise<void> {
  const { recorder } = steps
  const { draft, once, recorded, takeBack } = intended
  const policy = policyOf(steps, intended)
  const durable = once === true ? recorder.recordOnce(policy, draft) : recorder.record(policy, phase, draft)
  if (recorded === undefined && takeBack === undefined) return durable
  return durable.then(recorded, (error: unknown) => {
    takeBack?.()
    throw error
  })
}

// Only the ledger judges whom data may be handed to: nothing goes to anybody before it has.
function policyOf({ policies, judgesRecipients }: Steps, { kind, draft }: Pick<Intended, 'kind' | 'draft'>): Policy {
  return judgesRecipients && draft.details?.recipient !== undefined ? 'block' : policies[kind]
}

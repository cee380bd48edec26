// What is recorded before a step, and after it: launched in order, waited for as the policy says (spec/capture.md §2).

import type { Draft } from '../formats/fields.ts'
import type { Registry } from '../registry/registry.ts'
import type { AuditedLedger } from './audited-ledger.ts'
import { type Begun, NOTHING_BEGUN } from './begun.ts'
import type { Policies, StepKind } from './policy.ts'
import type { Phase, Recorder } from './recorder.ts'
import type { Run, Where, Whereabouts } from './run.ts'
import type { Versions } from './versions.ts'

export type MadeDraft = Draft & { readonly id: string }

/** A record to be made. `failed` takes back what was remembered of it. */
export interface Intended {
  readonly kind: StepKind
  readonly draft: MadeDraft
  /** Others may make it as well: its id says what it is. */
  readonly once?: true
  readonly failed?: () => void
}

/** Everything that the steps of an audit share. */
export interface Steps {
  readonly ledger: AuditedLedger
  readonly recorder: Recorder
  readonly policies: Policies
  readonly versions: Versions
  readonly where: Where
  /** Of the audit, where a run names none. */
  readonly agent_name: string | undefined
  whereabouts(): Whereabouts
  newId(): string
  /** The time of the process, as records have it. */
  now(): string
  /** Resolves when the beginning of the conversation is on its way. */
  started(run: Run): Promise<Begun>
  stopOperation(operation_id: string | undefined, error: unknown): void
  stoppedOperation(operation_id: string | undefined): { readonly error: unknown } | undefined
}

/** Sealing takes about as long. By then a request is on the wire. */
const STEP_FIRST_MILLIS = 2

/** Sends records on their way, in order, at once. */
export function begin(steps: Steps, intended: readonly Intended[], before: Begun = NOTHING_BEGUN): Begun {
  before.launch()
  const launched = intended.map((one) => ({ kind: one.kind, durable: launch(steps, 'before', one) }))
  const blocking = launched.filter(({ kind }) => mustWait(steps, kind))
  return begun(
    () => undefined,
    [before.durable, ...launched.map(({ durable }) => durable)],
    [before.needed, ...blocking.map(({ durable }) => durable)],
  )
}

/** As `begin`; but where the step waits for no intent, sealing them does not hold it up either: its request goes first. */
export function beginBeside(steps: Steps, intended: readonly Intended[], before: Begun = NOTHING_BEGUN): Begun {
  if (intended.some(({ kind }) => mustWait(steps, kind))) return begin(steps, intended, before)
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(launchAll, STEP_FIRST_MILLIS)
  let isLaunched = false
  return begun(launchAll, [before.durable, promise], [before.needed])

  function launchAll(): void {
    if (isLaunched) return
    isLaunched = true
    clearTimeout(timer)
    before.launch()
    resolve(everyOf(intended.map((one) => launch(steps, 'before', one))))
  }
}

/** Records what became of a step; resolves when that and all before it is durable. */
export function settle(steps: Steps, before: Begun, outcomes: readonly Intended[]): Promise<void> {
  before.launch()
  return begun(() => undefined, [before.durable, ...outcomes.map((one) => launch(steps, 'after', one))], []).durable
}

function launch({ recorder }: Steps, phase: Phase, { kind, draft, once, failed }: Intended): Promise<void> {
  const durable = once === true ? recorder.recordOnce(kind, draft) : recorder.record(kind, phase, draft)
  return failed === undefined ? durable : durable.catch((error) => rethrowAfter(failed, error))
}

function rethrowAfter(failed: () => void, error: unknown): never {
  failed()
  throw error
}

function begun(launch: () => void, all: readonly Promise<void>[], needed: readonly Promise<void>[]): Begun {
  const made = { launch, durable: everyOf(all), needed: everyOf(needed) }
  // Whoever waits learns of it; somebody who does not yet must not end the process.
  made.durable.catch(() => undefined)
  made.needed.catch(() => undefined)
  return made
}

// All of them, also where one fails: nothing is left on its way that nobody waits for.
async function everyOf(promises: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(promises)) if (one.status === 'rejected') throw one.reason
}

// Whom data may be handed to is judged when the intent is recorded: nothing goes to anybody before.
function mustWait({ policies, ledger }: Steps, kind: StepKind): boolean {
  return policies[kind] === 'block' || judgesRecipients(ledger.registry)
}

function judgesRecipients(registry: Registry | undefined): boolean {
  if (registry === undefined) return false
  const { unknown_recipients, recipients } = registry
  return unknown_recipients === 'block' || recipients.all.some(({ entry }) => entry.on_violation === 'block')
}

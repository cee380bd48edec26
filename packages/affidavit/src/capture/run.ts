// A run: whose work it is, and whether it may go on (spec/capture.md §1, §2). It is found again through awaits, timers and streams
// that are read elsewhere.

import { AsyncLocalStorage } from 'node:async_hooks'

import { idProblem, labelProblem } from '../bytes/label.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import type { Conversation } from './conversations.ts'
import type { ModelCall, RunContext, ToolCall } from './steps.ts'

export interface Run {
  /** Absent for what happens outside of any run. */
  readonly context: RunContext | undefined
  readonly conversation: Conversation
  /** Why no further step of it happens. */
  stopped: { readonly error: unknown } | undefined
}

/** Where in a run something happens: within which steps that a further layer may see once more. */
export interface Whereabouts {
  readonly run: Run
  readonly model?: ModelCall
  readonly tool?: { readonly name: string; readonly call: ToolCall }
}

export type Where = AsyncLocalStorage<Whereabouts>

export function createWhere(): Where {
  return new AsyncLocalStorage<Whereabouts>({ name: 'affidavit' })
}

/** A tool whose record failed ends the run: a framework would make the error a result, and go on (C4). */
export function stopRun(run: Run, error: unknown): void {
  run.stopped ??= { error }
}

/** @throws LedgerError `run-stopped` */
export function expectRunning(run: Run): void {
  if (run.stopped !== undefined) throw runStopped(run.stopped.error)
}

export function runStopped(cause: unknown): LedgerError {
  return new LedgerError('run-stopped', {
    problem: 'a step of this run could not be recorded, and nothing of it goes on',
    cure: 'mend what is named as the cause, and begin the run anew',
    cause,
  })
}

/** @throws LedgerError `invalid-query` naming the member that does not fit */
export function checkContext(context: RunContext): void {
  check('conversation_id', context.conversation_id, idProblem, 'needed')
  check('actor_id', context.actor_id, idProblem, 'needed')
  check('grant_id', context.grant_id, idProblem)
  check('agent_name', context.agent_name, labelProblem)
  check('agent_version', context.agent_version, labelProblem)
  check('purpose', context.purpose, labelProblem)
  const { subject_ids } = context
  if (subject_ids === undefined) return
  if (!Array.isArray(subject_ids)) throw unfit('subject_ids', 'must be a list of ids')
  for (const [i, id] of subject_ids.entries()) check(`subject_ids[${i}]`, id, idProblem, 'needed')
}

function check(
  path: string,
  value: unknown,
  problemOf: (text: string, maxBytes: number) => string | undefined,
  presence: 'needed' | 'optional' = 'optional',
): void {
  if (value === undefined && presence === 'optional') return
  if (typeof value !== 'string') throw unfit(path, 'must be a text')
  const problem = problemOf(value, MAX_LABEL_BYTES)
  if (problem !== undefined) throw unfit(path, problem)
}

function unfit(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${path}: ${problem}`,
    cure: 'audit.run({ conversation_id, actor_id }, fn) names whose work it is',
    path,
  })
}

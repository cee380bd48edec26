// A run: whose work it is, and whether it may go on (spec/capture.md §1, §2). It is found again through awaits, timers and streams
// that are read elsewhere.

import { AsyncLocalStorage } from 'node:async_hooks'

import { LedgerError } from '../errors/ledger-error.ts'
import type { Answer, Conversation } from './conversations.ts'
import type { ModelCall, ModelStep, RunContext, ToolCall, ToolStep } from './steps.ts'
import type { Turn } from './turn.ts'

export interface Run {
  /** Absent for what happens outside of any run. */
  readonly context: RunContext | undefined
  readonly conversation: Conversation
  /** What is under way in it: runs of one conversation share it that were begun within each other. */
  readonly work: Work
  /** Of this run, and of those that it was begun in. */
  readonly stops: readonly Stop[]
}

/** Why no further step of a run happens. */
interface Stop {
  by: { readonly error: unknown } | undefined
}

export interface Work {
  turn: Turn | undefined
  answer: Answer | undefined
}

/** Where in a run something happens: within which steps that a further layer may see once more. */
export interface Whereabouts {
  readonly run: Run
  readonly model?: Under<ModelStep, ModelCall>
  readonly tool?: UnderTool
}

export interface UnderTool extends Under<ToolStep, ToolCall> {
  /** Further layers that saw it, and with which arguments. */
  readonly layers: Map<string, string>
}

/** A step that something happens in. */
export interface Under<Step, Call> {
  readonly step: Step
  readonly call: Call
  /** What still runs in its context then is another step. */
  isOver(): boolean
}

export type Where = AsyncLocalStorage<Whereabouts>

export function createWhere(): Where {
  return new AsyncLocalStorage<Whereabouts>({ name: 'affidavit' })
}

/** Runs within each other. Whoever begins each next piece of work within the one before would keep all of them. */
const MAX_DEPTH = 64

export function newRun(context: RunContext | undefined, conversation: Conversation, outer: Run | undefined): Run {
  const work = outer?.conversation === conversation ? outer.work : { turn: undefined, answer: undefined }
  const stops = [{ by: undefined }, ...(outer?.stops ?? [])].slice(0, MAX_DEPTH)
  return { context, conversation, work, stops }
}

/** A step whose record failed ends the run, and those around it: a framework would make the error a result, and go on (C4). */
export function stopRun(run: Run, error: unknown): void {
  for (const one of run.stops) one.by ??= { error }
}

/** Why nothing of it goes on; `undefined` where it does. */
export function stoppedBy(run: Run): { readonly error: unknown } | undefined {
  return run.stops.find(({ by }) => by !== undefined)?.by
}

export function runStopped(cause: unknown): LedgerError {
  return new LedgerError('run-stopped', {
    problem: 'a step of this run could not be recorded, and nothing of it goes on',
    cure: 'mend what is named as the cause, and begin the run anew',
    cause,
  })
}

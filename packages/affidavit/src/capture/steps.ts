// What an adapter tells capture about a step, and what it gets back (spec/capture.md). Types alone: an adapter imports nothing
// else of capture, and no SDK at all.

import type { Outcome, Source } from '../formats/fields.ts'
import type { Access } from '../registry/registry.ts'

/** For whom and as whom a piece of work is done. */
export interface RunContext {
  readonly conversation_id: string
  /** Who asked: the user, or whoever triggered the work. */
  readonly actor_id: string
  /** `user` where left out. */
  readonly actor_type?: 'user' | 'admin' | 'system'
  readonly agent_name?: string
  readonly agent_version?: string
  /** The persons that this work is about. */
  readonly subject_ids?: readonly string[]
  readonly purpose?: string
  /** The grant that the agent claims to act under: a claim, judged by nobody's word (spec/authority.md). */
  readonly grant_id?: string
  readonly source?: Source
}

/** Where a step was seen. The outermost layer makes the records. */
export type Layer = 'framework' | 'client' | 'transport' | 'application'

/** A call of a model, as it is about to be made. Values are as sent: capture copies them, and never calls into them. */
export interface ModelStep {
  /** The package that is called: `openai`, `@anthropic-ai/sdk`, `ai`. */
  readonly sdk: string
  readonly layer: Layer
  /** `chat.completions`, `responses`, `messages`, `generate`. */
  readonly operation: string
  /** Where it goes: the origin of the provider's URL, `https://api.openai.com`; its name where that is not known. */
  readonly recipient?: string
  readonly model?: string
  readonly stream: boolean
  /** Instructions in force, in order, and the tool definitions: what the prompt version is a digest of. */
  readonly instructions: readonly unknown[]
  readonly tools: readonly unknown[]
  /** The history as sent, in order, its leading instructions included. */
  readonly messages: readonly SeenMessage[]
  /** The rest of the request. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** The provider's id of an earlier response that holds the history. */
  readonly previous_response_id?: string
  /** What identifies an operation of a framework that repeats its calls: a run that is stopped is stopped by this too. */
  readonly operation_id?: string
}

export interface SeenMessage {
  readonly role: 'user' | 'assistant' | 'tool' | 'instructions' | 'other'
  /** As sent. */
  readonly value: unknown
  /** Of a user's message: its text parts, joined by newlines. */
  readonly text?: string
  /** What tools answered, where this message tells: a tool that nothing audits is known by it alone. */
  readonly results?: readonly SeenResult[]
}

export interface SeenResult {
  readonly call_id: string
  readonly value: unknown
  /** The message says that the tool failed. */
  readonly failed?: boolean
}

/** A call of a tool that a model asked for. */
export interface SeenCall {
  readonly call_id: string | undefined
  readonly name: string
  /** As sent: JSON text, or the value itself. */
  readonly arguments: unknown
}

export interface Tokens {
  readonly input?: number
  readonly output?: number
  readonly cached_input?: number
  readonly reasoning?: number
}

/** How a step came to its end: spec/capture.md §1. */
export type Ended = 'complete' | 'cancelled' | 'cut' | 'failed'

export interface ModelEnd {
  readonly ended: Ended
  /** The text of the answer as far as it came. */
  readonly answer?: string
  /** As the provider sent it; a stream put together. */
  readonly response?: unknown
  /** The model that answered. */
  readonly model?: string
  readonly response_id?: string
  readonly finish_reason?: string
  readonly tokens?: Tokens
  readonly calls?: readonly SeenCall[]
  /** What the provider ran itself, how many by kind: `web_search_call`, `mcp_call`. */
  readonly provider_tools?: Readonly<Record<string, number>>
  readonly error?: unknown
  /** HTTP status, where there was one. */
  readonly status?: number
}

/** One try of a call that may be tried again, and was not the last one. */
export interface Attempt {
  readonly status?: number
  readonly error?: unknown
}

/** A model call under way. */
export interface ModelCall {
  /** Id of its `model_invoked`; of the outer call where another layer saw it first. */
  readonly id: string
  /** `inner`: another layer makes the records, and this one's end is an attempt of it. */
  readonly seen: 'first' | 'inner'
  /** Runs something in which further layers find this call. */
  enter<T>(fn: () => T): T
  attempt(attempt: Attempt): void
  /** Resolves when the outcome is durable. The first end counts; further ones resolve with it. @throws LedgerError */
  end(end: ModelEnd): Promise<void>
}

/** A call of a tool that is about to run. */
export interface ToolStep {
  readonly sdk: string
  readonly layer: Layer
  readonly name: string
  /** The model's id of the call, where it is known. */
  readonly call_id?: string
  readonly arguments: unknown
  /** As ModelStep.operation_id. */
  readonly operation_id?: string
  /** What is known to be touched, where it is not for the registry to say. */
  readonly touches?: readonly Touching[]
}

/** Data that a step touches. */
export interface Touching {
  readonly access: Access
  readonly resource_type: string
  readonly resource_id?: string
  readonly subject_ids?: readonly string[]
  readonly purpose?: string
  readonly grant_id?: string
}

export interface ToolEnd {
  readonly ended: Ended
  /** `denied` where the tool refused; from `ended` where left out. */
  readonly outcome?: Outcome
  readonly outcome_reason?: string
  readonly result?: unknown
  readonly error?: unknown
}

/** A tool call under way. */
export interface ToolCall {
  /** Id of its `tool_invoked`. */
  readonly id: string
  readonly seen: 'first' | 'inner'
  enter<T>(fn: () => T): T
  end(end: ToolEnd): Promise<void>
}

/** Somebody is asked whether something may go on. */
export interface ApprovalStep {
  readonly sdk: string
  readonly layer: Layer
  /** The framework's id of the question. Asked again under it in the same conversation, it is the same question, and one record. */
  readonly approval_id?: string
  /** The tool whose call waits. */
  readonly name?: string
  /** The model's id of that call. */
  readonly call_id?: string
  /** Of that call; or what was asked. */
  readonly arguments?: unknown
  readonly reason?: string
  /** What it is about, where that is known. */
  readonly about?: Omit<Touching, 'access' | 'grant_id'>
  /** As ModelStep.operation_id. */
  readonly operation_id?: string
}

/** A person who decides. */
export interface Person {
  readonly actor_id: string
  /** `user` where left out. */
  readonly actor_type?: 'user' | 'admin'
}

export interface ApprovalEnd {
  /** `undecided`: whoever was to decide failed to. */
  readonly approved: boolean | 'undecided'
  /** `person`: whoever the work is done for; `rule`: the application, by itself. */
  readonly by: 'person' | 'rule' | Person
  readonly error?: unknown
  readonly reason?: string
  /** What came with it. */
  readonly answer?: unknown
}

/** A question under way. */
export interface Approval {
  /** Id of its `approval_requested`. */
  readonly id: string
  /** Resolves when the decision is durable. With an `approval_id`, it is one record however often it is told. @throws LedgerError */
  end(end: ApprovalEnd): Promise<void>
}

/** What adapters call. `begin…` resolves when the step may happen. @throws LedgerError where it may not */
export interface Capture {
  beginModelCall(step: ModelStep): Promise<ModelCall>
  beginToolCall(step: ToolStep): Promise<ToolCall>
  beginApproval(step: ApprovalStep): Promise<Approval>
}

// What a dialect reads of one item of telemetry: steps of an agent, in one form for every dialect (spec/otlp.md §3).

import type { JsonValue } from '../bytes/json.ts'
import type { Item } from './telemetry.ts'

/** How one kind of instrumentation tells what an agent does. */
export interface Dialect {
  /** As records name it: `gen_ai`, `ai_sdk`. */
  readonly name: string
  /** Whether the item is told in this dialect. Asked in the order of precedence: the first that says yes reads it. */
  recognises(item: Item): boolean
  /** Throws for no item that it recognises, whatever its attributes are. */
  read(item: Item): Reading
}

/** No steps: the item tells only who and in which conversation, or nothing that is a record. */
export interface Reading {
  readonly about: About
  readonly steps: readonly Step[]
}

/** What holds for all steps of the item, and for what else its trace tells. */
export interface About {
  /** As the application named it: never made of a trace id. */
  readonly conversation?: string | undefined
  readonly agent?: string | undefined
  readonly agentVersion?: string | undefined
  readonly user?: string | undefined
}

export type Step = WholeStep | CallContent

/** Told whole: content that belongs to a call has been joined with it. */
export type WholeStep = ModelCall | ToolCall | ToolDecision | DataTouch | AgentRun | UserMessage | Failure

/** What was said word for word, as far as it came. */
export type Told<Value> =
  | { readonly state: 'told'; readonly value: Value }
  /** Cut off at the emitter, or in no form that is known: as it stands. */
  | { readonly state: 'unread'; readonly text: string; readonly why: 'truncated' | 'malformed' }
  /** There, and hidden by the emitter. */
  | { readonly state: 'redacted' }

/** One of `gen_ai.input.messages`: roles and parts of the conventions, whatever the dialect. */
export interface Message {
  readonly role: string
  readonly parts: readonly Part[]
  readonly name?: string | undefined
  readonly finishReason?: string | undefined
}

/**
 * `text` {content}, `reasoning` {content}, `tool_call` {id?, name, arguments?}, `tool_call_response` {id?, response}, `blob`, `file`, `uri`, and whatever
 * else has a type, word for word.
 */
export interface Part {
  readonly type: string
  readonly [member: string]: JsonValue
}

/** Tokens of one call; cached and reasoning ones are among `input` and `output`. */
export interface Usage {
  readonly input?: number | undefined
  readonly output?: number | undefined
  readonly cachedInput?: number | undefined
  readonly cacheWrite?: number | undefined
  readonly reasoning?: number | undefined
}

export interface StepError {
  /** `error.type`: a class or a code. */
  readonly type?: string | undefined
  /** What it said: content. */
  readonly message?: string | undefined
  readonly status?: number | undefined
}

/** What a call was given, and what it gave. */
export interface CallTexts {
  readonly instructions?: Told<readonly Part[]> | undefined
  /** The history as it was sent. */
  readonly input?: Told<readonly Message[]> | undefined
  /** One for each choice. */
  readonly output?: Told<readonly Message[]> | undefined
  readonly toolDefinitions?: Told<JsonValue> | undefined
}

/** One request to a model, and its answer. A leaf: its tokens are its own. */
export interface ModelCall extends CallTexts {
  readonly kind: 'model_call'
  /** `chat`, `generate_content`, `text_completion`, `embeddings`, or whatever the emitter calls it. */
  readonly operation: string
  readonly provider?: string | undefined
  /** Asked for. */
  readonly model?: string | undefined
  readonly modelAnswered?: string | undefined
  readonly responseId?: string | undefined
  /** The emitter's own id of the request, where it tells of one call in items that share no span. */
  readonly requestId?: string | undefined
  /** Temperature and the like, by the names of the conventions without `gen_ai.request.`. */
  readonly parameters?: { readonly [name: string]: JsonValue } | undefined
  readonly stream?: boolean | undefined
  /** Host, or host and port, that it went to. */
  readonly recipient?: string | undefined
  readonly finishReasons?: readonly string[] | undefined
  readonly usage?: Usage | undefined
  /** As the emitter reckons it. */
  readonly costUsd?: number | undefined
  /** Where an event tells it: a span has a beginning and an end. */
  readonly milliseconds?: number | undefined
  readonly error?: StepError | undefined
}

/** What the call of the item's span was given or gave, told beside the span: of several, each adds to the ones before. */
export interface CallContent extends CallTexts {
  readonly kind: 'call_content'
  readonly requestId?: string | undefined
  readonly finishReasons?: readonly string[] | undefined
}

export interface ToolCall {
  readonly kind: 'tool_call'
  readonly name?: string | undefined
  /** The model's id of the call. */
  readonly callId?: string | undefined
  /** `function`, `extension`, `datastore`. */
  readonly toolType?: string | undefined
  readonly arguments?: Told<JsonValue> | undefined
  readonly result?: Told<JsonValue> | undefined
  readonly error?: StepError | undefined
  /** Where it was seen: where the agent runs it, or where the protocol carries it to a server of tools. */
  readonly layer: 'agent' | 'mcp_client' | 'mcp_server'
  readonly recipient?: string | undefined
  readonly milliseconds?: number | undefined
  /** The tool's answer to the question whether it succeeded, where the dialect tells; else the result is judged. */
  readonly succeeded?: boolean | undefined
}

/** Somebody or a rule let a tool run, or did not. */
export interface ToolDecision {
  readonly kind: 'tool_decision'
  readonly name?: string | undefined
  readonly callId?: string | undefined
  readonly decision: 'approved' | 'denied' | 'unrecognised'
  readonly decidedBy: 'person' | 'rule' | 'unknown'
}

/** Data that was read or changed without a tool. */
export interface DataTouch {
  readonly kind: 'data_touch'
  readonly access: 'read' | 'write'
  /** `retrieval`, `search_memory`, `resources/read`. */
  readonly operation: string
  readonly resourceType: 'data_source' | 'memory' | 'mcp_resource'
  readonly resource?: string | undefined
  readonly query?: Told<JsonValue> | undefined
  /** What was found or written. */
  readonly records?: Told<JsonValue> | undefined
  readonly count?: number | undefined
  readonly error?: StepError | undefined
}

/** An agent from its question to its answer. No leaf: what its calls took is theirs, and not counted here. */
export interface AgentRun extends CallTexts {
  readonly kind: 'agent_run'
  /** `invoke_agent`, `invoke_workflow`. */
  readonly operation: string
  readonly model?: string | undefined
  readonly finishReasons?: readonly string[] | undefined
  readonly error?: StepError | undefined
}

/** A message of the user, told by itself. */
export interface UserMessage {
  readonly kind: 'user_message'
  readonly text?: Told<JsonValue> | undefined
  /** Characters, where they are told and the text is not. */
  readonly characters?: number | undefined
}

/** Something of the agent failed that no other step tells of. */
export interface Failure {
  readonly kind: 'failure'
  readonly operation?: string | undefined
  readonly model?: string | undefined
  readonly error: StepError
}

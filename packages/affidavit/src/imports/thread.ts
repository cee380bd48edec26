// A conversation on its way into records: what earlier messages established for later ones.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { Draft } from '../formats/fields.ts'
import { type CallJudge, type Details, strictnessOf } from '../registry/call-data.ts'
import { floorOf } from '../registry/classify.ts'
import type { Floor, Registry } from '../registry/registry.ts'
import type { Conversation } from './chat-line.ts'
import { createOpenCalls, type OpenCalls } from './open-calls.ts'
import type { PromptHistory } from './prompt-version.ts'
import { type ConversationKey, conversationId, recordId } from './record-id.ts'

/** What the records of a conversation are made with. */
export interface ImportContext {
  /** The ledger's identity. */
  readonly origin: string
  readonly key: ConversationKey
  /** What the tools touch, and how strictly the records of an agent are kept at least. */
  readonly registry: Registry
  readonly prompts: PromptHistory
  /** The ledger's keyed digest. A plain hash of a short answer could be guessed. */
  digest(text: string): string
}

export interface Thread {
  readonly context: ImportContext
  readonly conversation: Conversation
  /** Id of the conversation_started record. */
  readonly start: string
  readonly calls: OpenCalls
  /** What no record of the conversation falls below. */
  readonly floor: Floor
  /** The user on whose behalf the agent acts. */
  principal: string | undefined
  /** Id of the record that the agent's next acts answer: the last user message, before the first one the start. */
  cause: string
  prompt_version: string | undefined
}

const UNKNOWN_AGENT = 'unknown-agent'

/** The fields of a draft but for those that recordAt sets; a member may be undefined. */
export type RecordFields = { readonly [Name in keyof Draft]?: Draft[Name] | undefined } & Pick<
  Draft,
  'action' | 'actor_id' | 'actor_type'
>

export function openThread(conversation: Conversation, context: ImportContext): Thread {
  const start = recordId(context.origin, context.key, 'start')
  return {
    context,
    conversation,
    start,
    calls: createOpenCalls(),
    floor: floorOf(context.registry, { agent: conversation.agent, channel: undefined }),
    principal: conversation.user,
    cause: start,
    prompt_version: undefined,
  }
}

/**
 * One record. `position` is its place in the conversation and decides its id; `at` is when the file says it happened.
 * Where the file says nothing the ledger's clock stands in, and the details say so: the draft holds no instant of the
 * import, so that importing twice gives the same draft twice. A record whose fields say nothing else is classified as the
 * floor of its agent.
 */
export function recordAt(
  thread: Thread,
  position: string,
  at: UnixMillis | undefined,
  fields: RecordFields,
  details: Details,
): Draft & { readonly id: string } {
  const { origin, key } = thread.context
  const unclaimed = at === undefined ? { timestamp_unclaimed: true } : {}
  const time = at === undefined ? {} : { timestamp: formatTimestamp(at) }
  return {
    ...withoutAbsent({ ...strictnessOf(thread.floor), ...fields }),
    ...time,
    id: recordId(origin, key, position),
    conversation_id: conversationId(key),
    details: presentOf({ ...details, ...unclaimed }),
    assurance: 'imported',
  }
}

// A field that has nothing to say is absent: never undefined, never an empty list.
function withoutAbsent({ action, actor_id, actor_type, ...rest }: RecordFields): Draft {
  const said = Object.entries(rest).filter(([, value]) => !(Array.isArray(value) && value.length === 0))
  // RecordFields differs from Draft only in members that may be undefined, and presentOf leaves these out.
  const present = presentOf(Object.fromEntries(said)) as Omit<Draft, 'action' | 'actor_id' | 'actor_type'>
  return { ...present, action, actor_id, actor_type }
}

function presentOf(object: object): { [key: string]: unknown } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

type AgentFields = Pick<RecordFields, 'actor_id' | 'actor_type' | 'on_behalf_of' | 'agent_name' | 'model'>

/** Who acts where the agent does. */
export function agentOf({ conversation, principal }: Thread): AgentFields {
  const { agent, model } = conversation
  const actor_id = agent ?? model ?? UNKNOWN_AGENT
  return { actor_id, actor_type: 'agent', on_behalf_of: principal, agent_name: agent, model }
}

/** What its calls touched is judged by. */
export function judgeOf({ context, conversation }: Thread): CallJudge {
  const { registry, digest } = context
  return { registry, agent: conversation.agent, digest }
}

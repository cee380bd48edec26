// OpenLLMetry (Traceloop): messages written flat below `gen_ai.prompt` and `gen_ai.completion`, before that below `llm.prompts`; its
// own `traceloop.…` for workflows, agents and tools. Newer versions of it write calls by the conventions of OpenTelemetry.

import type { About, Dialect, Step } from '../step.ts'
import type { Attributes, Item, Span } from '../telemetry.ts'
import { textOf } from './attribute.ts'
import { GEN_AI } from './gen-ai.ts'
import { aboutOf as sharedAbout } from './gen-ai-call.ts'
import { agentRun } from './traceloop/agent-run.ts'
import { isFlatCall, modelCall } from './traceloop/model-call.ts'
import { toolCall } from './traceloop/tool-call.ts'
import { isVectorStore, vectorStoreTouch } from './traceloop/vector-store.ts'

const KIND = 'traceloop.span.kind'
const PROPERTY = 'traceloop.association.properties.'

export const TRACELOOP: Dialect = {
  name: 'traceloop',
  recognises: (item) =>
    item.signal === 'traces' && (hasOwn(item.attributes) || isFlatCall(item) || isVectorStore(item)),
  read: (item) => ({ about: aboutOf(item), steps: item.signal === 'traces' ? stepsOf(item) : [] }),
}

function hasOwn(attributes: Attributes): boolean {
  for (const name of attributes.keys()) if (name.startsWith('traceloop.')) return true
  return false
}

function stepsOf(span: Span): readonly Step[] {
  switch (textOf(span.attributes, KIND)) {
    case 'tool':
      return [toolCall(span)]
    case 'agent':
      return [agentRun(span, 'invoke_agent')]
    case 'workflow':
      return [agentRun(span, 'invoke_workflow')]
    // A task is what its parts did, and may itself be a call.
    default:
      return callsOf(span)
  }
}

function callsOf(span: Span): readonly Step[] {
  if (isFlatCall(span)) return [modelCall(span)]
  if (isVectorStore(span)) return [vectorStoreTouch(span)]
  return GEN_AI.recognises(span) ? GEN_AI.read(span).steps : []
}

/** What an application said of the whole conversation stands with each of its spans. */
function aboutOf(item: Item): About {
  const { attributes } = item
  const shared = sharedAbout(item)
  const property = (...names: readonly string[]): string | undefined =>
    textOf(attributes, ...names.map((name) => `${PROPERTY}${name}`))
  const isAgent = textOf(attributes, KIND) === 'agent'
  return {
    conversation: shared.conversation ?? property('session_id', 'conversation_id', 'thread_id', 'chat_id'),
    agent: shared.agent ?? (isAgent ? textOf(attributes, 'traceloop.entity.name') : undefined),
    agentVersion: shared.agentVersion,
    user: property('user_id') ?? shared.user,
  }
}

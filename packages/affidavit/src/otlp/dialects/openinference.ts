// OpenInference (Arize Phoenix and its instrumentations): spans with a kind of their own, and lists that are written flat.

import type { About, Dialect, Step } from '../step.ts'
import type { Attributes, Item, Span } from '../telemetry.ts'
import { textOf } from './attribute.ts'
import { agentRun, chainRun } from './openinference/agent-run.ts'
import { embeddingCall, llmCall, rerankerCall } from './openinference/model-call.ts'
import { retrieval } from './openinference/retrieval.ts'
import { toolCall } from './openinference/tool-call.ts'
import { membersIn } from './told.ts'

const KIND = 'openinference.span.kind'

export const OPEN_INFERENCE: Dialect = {
  name: 'openinference',
  recognises: ({ signal, attributes }: Item) => signal === 'traces' && textOf(attributes, KIND) !== undefined,
  read: (item: Item) => ({
    about: aboutOf(item.attributes),
    steps: item.signal === 'traces' ? stepsOf(item) : [],
  }),
}

function stepsOf(span: Span): readonly Step[] {
  switch (textOf(span.attributes, KIND)?.toUpperCase()) {
    case 'LLM':
      return [llmCall(span)]
    case 'EMBEDDING':
      return [embeddingCall(span)]
    case 'RERANKER':
      return [rerankerCall(span)]
    case 'TOOL':
      return [toolCall(span)]
    case 'RETRIEVER':
      return [retrieval(span)]
    case 'AGENT':
      return [agentRun(span)]
    // Any other chain is what its parts did.
    case 'CHAIN':
      return span.parentSpanId === undefined ? [chainRun(span)] : []
    // Guardrails, evaluators and templates do nothing that a record tells: they stay in what was received.
    default:
      return []
  }
}

function aboutOf(attributes: Attributes): About {
  const metadata = membersIn(attributes.get('metadata'))
  return {
    conversation: textOf(attributes, 'session.id') ?? textOf(metadata, 'session_id', 'conversation_id', 'thread_id'),
    agent: textOf(attributes, 'agent.name'),
    user: textOf(attributes, 'user.id'),
  }
}

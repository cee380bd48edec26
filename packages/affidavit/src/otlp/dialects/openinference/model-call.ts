// Calls of models as OpenInference tells them: LLM, EMBEDDING and RERANKER spans.

import type { Message, ModelCall, Part, Told, Usage } from '../../step.ts'
import type { Attributes, Span } from '../../telemetry.ts'
import { asItStands } from '../as-it-stands.ts'
import { countOf, textOf } from '../attribute.ts'
import { itemsOf } from '../flattened.ts'
import { errorOf } from '../gen-ai-call.ts'
import { textPart } from '../part.ts'
import { membersIn, toldJson } from '../told.ts'
import { documentsOf } from './documents.ts'
import { invocationOf } from './invocation.ts'
import { withCallIds } from './langchain.ts'
import { messagesOf } from './messages.ts'
import { textsOf } from './texts.ts'
import { toolDefinitionsOf } from './tool-definitions.ts'

export function llmCall(span: Span): ModelCall {
  const { attributes } = span
  const invocation = invocationOf(attributes)
  const asked = textOf(attributes, 'llm.request.model_name') ?? invocation.model
  const named = textOf(attributes, 'llm.model_name')
  const finish = textOf(attributes, 'llm.finish_reason')
  return {
    kind: 'model_call',
    operation: itemsOf(attributes, 'llm.prompts').length > 0 ? 'text_completion' : 'chat',
    provider: providerOf(attributes),
    model: asked ?? named,
    // The conventions have the name of the model that answered here, instrumentations the one that was asked.
    modelAnswered:
      textOf(attributes, 'llm.response.model_name') ?? (asked === undefined || named === asked ? undefined : named),
    parameters: invocation.parameters,
    stream: invocation.stream,
    input:
      messagesOf(attributes, 'llm.input_messages') ??
      textsOf(attributes, 'llm.prompts', 'prompt.text', 'user') ??
      asItStands(attributes.get('input.value')),
    output:
      answerOf(attributes) ??
      textsOf(attributes, 'llm.choices', 'completion.text', 'assistant') ??
      asItStands(attributes.get('output.value')),
    toolDefinitions: toolDefinitionsOf(attributes),
    finishReasons: finish === undefined ? undefined : [finish],
    usage: usageOf(attributes),
    error: errorOf(span),
  }
}

export function embeddingCall(span: Span): ModelCall {
  const { attributes } = span
  return {
    kind: 'model_call',
    operation: 'embeddings',
    provider: providerOf(attributes),
    model: textOf(attributes, 'embedding.model_name', 'llm.model_name'),
    input:
      textsOf(attributes, 'embedding.embeddings', 'embedding.text', 'document') ??
      asItStands(attributes.get('input.value')),
    usage: usageOf(attributes),
    error: errorOf(span),
  }
}

export function rerankerCall(span: Span): ModelCall {
  const { attributes } = span
  const query = textPart(attributes.get('reranker.query') ?? attributes.get('input.value'))
  const asked = query.length === 0 ? [] : [{ role: 'query', parts: query }]
  const given = documentsOf(attributes, 'reranker.input_documents').map(documentMessage)
  const answered = documentsOf(attributes, 'reranker.output_documents').map(documentMessage)
  return {
    kind: 'model_call',
    operation: 'rerank',
    provider: providerOf(attributes),
    model: textOf(attributes, 'reranker.model_name', 'llm.model_name'),
    input: { state: 'told', value: [...asked, ...given] },
    output: answered.length === 0 ? undefined : { state: 'told', value: answered },
    usage: usageOf(attributes),
    error: errorOf(span),
  }
}

function documentMessage(document: Part): Message {
  return { role: 'document', parts: [document] }
}

function answerOf(attributes: Attributes): Told<readonly Message[]> | undefined {
  const told = messagesOf(attributes, 'llm.output_messages')
  const generations = toldJson(attributes.get('output.value'))
  if (told?.state !== 'told' || generations?.state !== 'told') return told
  return { state: 'told', value: withCallIds(told.value, generations.value) }
}

/** Who hosts the model, else whose it is; LangChain's integrations say so in their metadata. */
function providerOf(attributes: Attributes): string | undefined {
  return (
    textOf(attributes, 'llm.provider', 'llm.system') ?? textOf(membersIn(attributes.get('metadata')), 'ls_provider')
  )
}

function usageOf(attributes: Attributes): Usage | undefined {
  const usage = {
    input: countOf(attributes, 'llm.token_count.prompt'),
    output: countOf(attributes, 'llm.token_count.completion'),
    cachedInput: countOf(attributes, 'llm.token_count.prompt_details.cache_read'),
    cacheWrite: countOf(attributes, 'llm.token_count.prompt_details.cache_write'),
    reasoning: countOf(attributes, 'llm.token_count.completion_details.reasoning'),
  }
  return Object.values(usage).every((count) => count === undefined) ? undefined : usage
}

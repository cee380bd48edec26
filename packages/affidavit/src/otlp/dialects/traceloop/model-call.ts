// A call of a model as OpenLLMetry wrote it before it took up the messages of the conventions.

import type { ModelCall, Usage } from '../../step.ts'
import type { Attributes, Item, Span } from '../../telemetry.ts'
import { countOf, textOf, truthOf } from '../attribute.ts'
import { callOf, errorOf, textsOfCall, usageOf } from '../gen-ai-call.ts'
import { flatMessages, flatTools } from './messages.ts'

const TYPE = 'llm.request.type'
const FLAT = /^(?:gen_ai\.(?:prompt|completion)|llm\.(?:prompts|completions))\.\d+\./

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['completion', 'text_completion'],
  ['embedding', 'embeddings'],
  ['rerank', 'rerank'],
])

/** Whether a span tells a call in this form, whatever else it tells. */
export function isFlatCall({ signal, attributes }: Item): boolean {
  if (signal !== 'traces') return false
  if (attributes.has(TYPE)) return !attributes.has('gen_ai.input.messages')
  for (const name of attributes.keys()) if (FLAT.test(name)) return true
  return false
}

export function modelCall(span: Span): ModelCall {
  const { attributes } = span
  const shared = callOf(attributes, operationOf(attributes))
  const told = textsOfCall(attributes)
  const output =
    flatMessages(attributes, 'gen_ai.completion', 'assistant') ??
    flatMessages(attributes, 'llm.completions', 'assistant')
  return {
    ...shared,
    provider: shared.provider?.toLowerCase() ?? textOf(attributes, 'llm.vendor')?.toLowerCase(),
    model: shared.model ?? textOf(attributes, 'llm.request.model'),
    modelAnswered: shared.modelAnswered ?? textOf(attributes, 'llm.response.model'),
    stream: shared.stream ?? truthOf(attributes, 'gen_ai.is_streaming', 'llm.is_streaming'),
    instructions: told.instructions,
    input:
      told.input ??
      flatMessages(attributes, 'gen_ai.prompt', 'user') ??
      flatMessages(attributes, 'llm.prompts', 'user'),
    output: told.output ?? output,
    toolDefinitions: told.toolDefinitions ?? flatTools(attributes),
    finishReasons: shared.finishReasons ?? reasonsIn(output),
    usage: usageIn(attributes),
    error: errorOf(span),
  }
}

function operationOf(attributes: Attributes): string {
  const type = textOf(attributes, TYPE)
  return textOf(attributes, 'gen_ai.operation.name') ?? OPERATIONS.get(type ?? '') ?? 'chat'
}

function reasonsIn(output: ModelCall['output']): readonly string[] | undefined {
  const messages = output?.state === 'told' ? output.value : []
  const reasons = messages.flatMap(({ finishReason }) => finishReason ?? [])
  return reasons.length === 0 ? undefined : reasons
}

function usageIn(attributes: Attributes): Usage | undefined {
  const shared = usageOf(attributes)
  const input = shared?.input ?? countOf(attributes, 'llm.usage.prompt_tokens')
  const output = shared?.output ?? countOf(attributes, 'llm.usage.completion_tokens')
  return shared === undefined && input === undefined && output === undefined ? undefined : { ...shared, input, output }
}

// What a message says of the answer, whole or as far as it came (Anthropic, "Messages"). Pure.

import { present } from '../../bytes/present.ts'
import type { ModelEnd, SeenCall, Tokens } from '../../capture/steps.ts'
import { listOf, numberOf, type Shape, shapeOf, textOf } from '../wire/shape.ts'

export function messageEnd(message: Shape): Omit<ModelEnd, 'ended'> {
  const { id, model, stop_reason, usage } = message
  const content = listOf(message.content).map(shapeOf)
  return {
    response: message,
    answer: content.map(({ type, text }) => (type === 'text' ? (textOf(text) ?? '') : '')).join(''),
    calls: content.flatMap(seenCall),
    tokens: tokensOf(shapeOf(usage)),
    ...present({ model: textOf(model), response_id: textOf(id), finish_reason: textOf(stop_reason) }),
  }
}

/** Those that the application is to run: what the provider runs itself has been run. */
function seenCall({ type, id, name, input }: Shape): SeenCall[] {
  return type === 'tool_use' ? [{ call_id: textOf(id), name: textOf(name) ?? '', arguments: input }] : []
}

/** What is read from a cache, or written to it, is input too, and `input_tokens` leaves it out. */
function tokensOf(usage: Shape): Tokens {
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage
  const counted = [input_tokens, cache_read_input_tokens, cache_creation_input_tokens].map(numberOf)
  const input = counted.filter((count) => count !== undefined)
  return present({
    input: input.length === 0 ? undefined : input.reduce((sum, count) => sum + count),
    output: numberOf(usage.output_tokens),
    cached_input: numberOf(cache_read_input_tokens),
    reasoning: numberOf(shapeOf(usage.output_tokens_details).thinking_tokens),
  })
}

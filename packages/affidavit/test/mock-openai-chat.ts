// Chat completions as OpenAI sends them: JSON, and events that end with [DONE].

import { type Answer, argumentPieces, pieces } from './mock-answer.ts'
import { type Asked, EMPTY_LINE, event, type Format, modelOf, openaiError, requires } from './mock-format.ts'

const USAGE = {
  prompt_tokens: 21,
  completion_tokens: 9,
  total_tokens: 30,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

export const openaiChat: Format = {
  refuses: (body) => requires(body, 'messages'),
  json(answer, asked) {
    const message = { role: 'assistant', content: answer.text ?? null, refusal: null, ...toolCalls(answer) }
    return {
      ...head(asked),
      object: 'chat.completion',
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(answer) }],
      usage: USAGE,
    }
  },
  events(answer, asked) {
    const chunk = (delta: unknown, finish_reason: string | null = null): string =>
      event({
        ...head(asked),
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      })
    return [
      chunk({ role: 'assistant', content: answer.text === undefined ? null : '' }),
      ...pieces(answer.text ?? '').map((content) => chunk({ content })),
      ...callDeltas(answer).map((call) => chunk({ tool_calls: [call] })),
      chunk({}, finishReason(answer)),
      ...usageChunk(asked),
      `data: [DONE]${EMPTY_LINE}`,
    ]
  },
  error: openaiError,
}

function head(asked: Asked): object {
  return { id: `chatcmpl-${asked.nth}`, created: 1_760_000_000, model: modelOf(asked), system_fingerprint: 'fp_mock' }
}

function finishReason(answer: Answer): string {
  return answer.calls === undefined ? 'stop' : 'tool_calls'
}

function toolCalls({ calls }: Answer): object {
  if (calls === undefined) return {}
  return {
    tool_calls: calls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    })),
  }
}

/** The name and the id of a call come first, its arguments in pieces. */
function callDeltas({ calls = [] }: Answer): object[] {
  return calls.flatMap((call, index) => [
    { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } },
    ...argumentPieces(call.arguments).map((piece) => ({ index, function: { arguments: piece } })),
  ])
}

/** Usage is streamed to those alone who ask for it, in a chunk without a choice. */
function usageChunk(asked: Asked): string[] {
  const options = asked.body.stream_options
  const isWanted =
    typeof options === 'object' && options !== null && 'include_usage' in options && options.include_usage === true
  return isWanted ? [event({ ...head(asked), object: 'chat.completion.chunk', choices: [], usage: USAGE })] : []
}

// Messages as Anthropic sends them: JSON, and named events that end with message_stop.

import { type Answer, argumentPieces, pieces } from './mock-answer.ts'
import { type Asked, event, type Format, modelOf, requires } from './mock-format.ts'

const USAGE = {
  input_tokens: 14,
  cache_creation_input_tokens: 3,
  cache_read_input_tokens: 4,
  output_tokens: 9,
  service_tier: 'standard',
}

export const anthropicMessages: Format = {
  refuses: (body) => requires(body, 'model', 'messages', 'max_tokens'),
  json: (answer, asked) => ({
    ...head(asked),
    content: blocks(answer),
    stop_reason: stopReason(answer),
    stop_sequence: null,
    usage: USAGE,
  }),
  events(answer, asked) {
    const begun = { ...head(asked), content: [], stop_reason: null, stop_sequence: null }
    const sent: Sent[] = [
      { type: 'message_start', message: { ...begun, usage: { ...USAGE, output_tokens: 1 } } },
      ...blocks(answer).flatMap((block, index) => blockEvents(block).map((sent) => ({ ...sent, index }))),
      { type: 'ping' },
      {
        type: 'message_delta',
        delta: { stop_reason: stopReason(answer), stop_sequence: null },
        usage: { output_tokens: USAGE.output_tokens },
      },
      { type: 'message_stop' },
    ]
    return sent.map((data) => event(data, data.type))
  },
  error: (status) => ({
    type: 'error',
    error: { type: status === 429 ? 'rate_limit_error' : 'api_error', message: `refused with ${status}` },
    request_id: 'req_mock',
  }),
}

interface Sent {
  readonly type: string
  readonly [member: string]: unknown
}

type Block =
  | { readonly type: 'text'; readonly text: string; readonly citations: null }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }

function head(asked: Asked): object {
  return { id: `msg_${asked.nth}`, type: 'message', role: 'assistant', model: modelOf(asked) }
}

function blocks({ text, calls = [] }: Answer): Block[] {
  return [
    ...(text === undefined ? [] : [{ type: 'text' as const, text, citations: null }]),
    ...calls.map(({ id, name, arguments: json }) => ({ type: 'tool_use' as const, id, name, input: JSON.parse(json) })),
  ]
}

function blockEvents(block: Block): Sent[] {
  const opened = block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} }
  return [
    { type: 'content_block_start', content_block: opened },
    ...deltas(block).map((delta) => ({ type: 'content_block_delta', delta })),
    { type: 'content_block_stop' },
  ]
}

function deltas(block: Block): object[] {
  return block.type === 'text'
    ? pieces(block.text).map((text) => ({ type: 'text_delta', text }))
    : argumentPieces(JSON.stringify(block.input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
}

function stopReason(answer: Answer): string {
  return answer.calls === undefined ? 'end_turn' : 'tool_use'
}

// Responses as OpenAI sends them: JSON, and numbered events that end with response.completed.

import { type Answer, type AskedCall, argumentPieces, pieces } from './mock-answer.ts'
import { type Asked, event, type Format, modelOf, openaiError, requires } from './mock-format.ts'

const USAGE = {
  input_tokens: 21,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 30,
}

export const openaiResponses: Format = {
  refuses: (body) => requires(body, 'model', 'input'),
  json: (answer, asked) => response(asked, 'completed', items(answer, asked)),
  events(answer, asked) {
    const output = items(answer, asked)
    const begun = response(asked, 'in_progress', [])
    const sent: Sent[] = [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...output.flatMap((item, output_index) => itemEvents(item).map((sent) => ({ ...sent, output_index }))),
      { type: 'response.completed', response: response(asked, 'completed', output) },
    ]
    return sent.map((data, sequence_number) => event({ ...data, sequence_number }, data.type))
  },
  error: openaiError,
}

interface Sent {
  readonly type: string
  readonly [member: string]: unknown
}

type Item = ReturnType<typeof message> | ReturnType<typeof functionCall>

function items({ text, calls = [] }: Answer, { nth }: Asked): Item[] {
  return [...(text === undefined ? [] : [message(text, `msg_${nth}`)]), ...calls.map(functionCall)]
}

function message(text: string, id: string) {
  return { type: 'message' as const, id, status: 'completed', role: 'assistant', content: [part(text)] }
}

function part(text: string) {
  return { type: 'output_text' as const, text, annotations: [], logprobs: [] }
}

function functionCall(call: AskedCall) {
  const { id: call_id, name } = call
  return {
    type: 'function_call' as const,
    id: `fc_${call_id}`,
    call_id,
    name,
    arguments: call.arguments,
    status: 'completed',
  }
}

function itemEvents(item: Item): Sent[] {
  return item.type === 'message' ? messageEvents(item) : callEvents(item)
}

function messageEvents(item: ReturnType<typeof message>): Sent[] {
  const at = { item_id: item.id, content_index: 0 }
  const text = item.content[0]?.text ?? ''
  return [
    { type: 'response.output_item.added', item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: part('') },
    ...pieces(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: part(text) },
    { type: 'response.output_item.done', item },
  ]
}

function callEvents(item: ReturnType<typeof functionCall>): Sent[] {
  const at = { item_id: item.id }
  return [
    { type: 'response.output_item.added', item: { ...item, status: 'in_progress', arguments: '' } },
    ...argumentPieces(item.arguments).map((delta) => ({
      type: 'response.function_call_arguments.delta',
      ...at,
      delta,
    })),
    { type: 'response.function_call_arguments.done', ...at, arguments: item.arguments, name: item.name },
    { type: 'response.output_item.done', item },
  ]
}

function response(asked: Asked, status: 'in_progress' | 'completed', output: readonly Item[]): object {
  const { body, nth } = asked
  return {
    id: `resp_${nth}`,
    object: 'response',
    created_at: 1_760_000_000,
    status,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: null,
    model: modelOf(asked),
    output,
    parallel_tool_calls: true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null },
    store: body.store ?? true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: body.tools ?? [],
    top_p: 1,
    truncation: 'disabled',
    usage: status === 'completed' ? USAGE : null,
    user: null,
    metadata: {},
  }
}

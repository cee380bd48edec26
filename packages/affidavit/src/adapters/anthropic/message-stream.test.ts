import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Ended } from '../../capture/steps.ts'
import { messageEnd } from './message-end.ts'
import { type MessageStream, messageStream } from './message-stream.ts'

type Event = { readonly type: string; readonly [member: string]: unknown }

const START: Event = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-a',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 14, cache_creation_input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 1 },
  },
}
const STOP: Event = { type: 'message_stop' }

function block(index: number, content_block: object, ...deltas: readonly object[]): Event[] {
  return [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
}

function changed(delta: object, usage: object, more: object = {}): Event {
  return { type: 'message_delta', delta, usage, ...more }
}

function taken(...events: readonly Event[]): {
  readonly stream: MessageStream
  readonly ended: Ended | 'hold' | undefined
  /** Indexes of the events that complete a call. */
  readonly held: readonly number[]
} {
  const stream = messageStream()
  const seen = events.map((event) => stream.take({ name: event.type, data: JSON.stringify(event) }))
  const held = seen.flatMap((what, index) => (what === 'hold' ? [index] : []))
  return { stream, ended: seen.find((what) => what !== undefined && what !== 'hold'), held }
}

test('thinking, citations, text and a tool make the message that would have come whole', () => {
  const { stream, ended, held } = taken(
    START,
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'Let me ' },
      { type: 'thinking_delta', thinking: 'see.' },
      { type: 'signature_delta', signature: 'c2ln' },
    ),
    { type: 'ping' },
    ...block(
      1,
      { type: 'text', text: '', citations: null },
      { type: 'text_delta', text: 'It is ' },
      { type: 'citations_delta', citation: { cited_text: 'sunny' } },
      { type: 'text_delta', text: 'sunny.' },
      { type: 'citations_delta', citation: { cited_text: 'warm' } },
    ),
    ...block(
      2,
      { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} },
      { type: 'input_json_delta', partial_json: '' },
      { type: 'input_json_delta', partial_json: '{"city":"Pa' },
      { type: 'input_json_delta', partial_json: 'ris"}' },
    ),
    ...block(3, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }),
    changed(
      { stop_reason: 'tool_use', stop_sequence: null },
      { output_tokens: 9, input_tokens: null, output_tokens_details: { thinking_tokens: 5 } },
    ),
    STOP,
  )
  assert.equal(ended, 'complete')
  // Both calls of tools, and nothing else, are acted upon when they are complete.
  assert.deepEqual(held, [17, 19])
  const message = stream.message() ?? assert.fail()
  assert.deepEqual(message, {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-a',
    content: [
      { type: 'thinking', thinking: 'Let me see.', signature: 'c2ln' },
      { type: 'text', text: 'It is sunny.', citations: [{ cited_text: 'sunny' }, { cited_text: 'warm' }] },
      { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Paris' } },
      { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: 14,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 4,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 5 },
    },
  })
  const { response, ...end } = messageEnd(message)
  assert.equal(response, message)
  assert.deepEqual(end, {
    answer: 'It is sunny.',
    calls: [
      { call_id: 'toolu_1', name: 'get_weather', arguments: { city: 'Paris' } },
      { call_id: 'toolu_2', name: 'now', arguments: {} },
    ],
    tokens: { input: 21, output: 9, cached_input: 4, reasoning: 5 },
    model: 'claude-a',
    response_id: 'msg_1',
    finish_reason: 'tool_use',
  })
})

test('a message that another model took over is by that model', () => {
  const { stream } = taken(
    START,
    ...block(0, { type: 'fallback', from: { model: 'claude-a' }, to: { model: 'claude-b' } }),
    ...block(1, { type: 'text', text: 'Yes.' }),
    STOP,
  )
  assert.equal(stream.message()?.model, 'claude-b')
})

test('what comes in ways that are not known is kept as it came', () => {
  const strange = { type: 'hologram_delta', voxels: [1] }
  const { stream, ended } = taken(
    START,
    { type: 'message_aside', words: 'psst' },
    ...block(0, { type: 'hologram', size: 3 }, strange),
    changed({ stop_reason: 'end_turn' }, { output_tokens: 2 }, { container: { id: 'c' }, context_management: null }),
    STOP,
  )
  assert.equal(ended, 'complete')
  const { content, unknown_events, container, context_management } = stream.message() ?? assert.fail()
  assert.deepEqual(content, [{ type: 'hologram', size: 3, unknown_deltas: [strange] }])
  assert.deepEqual(unknown_events, [{ type: 'message_aside', words: 'psst' }])
  assert.deepEqual(container, { id: 'c' })
  assert.equal(context_management, undefined)
})

test('a message that is cut is there as far as it came, the arguments of a tool as text', () => {
  const { stream, ended } = taken(
    START,
    ...block(
      0,
      { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} },
      { type: 'input_json_delta', partial_json: '{"city":"Pa' },
    ),
  )
  assert.equal(ended, undefined)
  assert.deepEqual(messageEnd(stream.message() ?? assert.fail()).calls, [
    { call_id: 'toolu_1', name: 'get_weather', arguments: '{"city":"Pa' },
  ])
  assert.equal(messageStream().message(), undefined)
})

test('what the provider says went wrong is the end of the stream', () => {
  const said = { type: 'overloaded_error', message: 'Overloaded' }
  const { stream, ended } = taken(START, { type: 'error', error: said })
  assert.equal(ended, 'failed')
  assert.deepEqual(stream.error(), { code: 'overloaded_error', message: 'Overloaded' })
})

test('a stream with an event that is no JSON did not come whole', () => {
  for (const data of ['{"type":', '7', '']) {
    const { stream } = taken(START)
    assert.equal(stream.take({ name: 'content_block_delta', data }), undefined)
    assert.ok(stream.error() instanceof SyntaxError)
    assert.equal(stream.take({ name: 'message_stop', data: JSON.stringify(STOP) }), 'failed')
  }
  assert.equal(messageStream().take({ name: 'error', data: 'Bad gateway' }), 'failed')
})

test('members of a stranger change no prototype', () => {
  const { stream } = taken(START, ...block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'x' }))
  stream.take({
    name: 'message_delta',
    data: '{"type":"message_delta","delta":{"__proto__":{"polluted":1}},"usage":{"__proto__":{"polluted":1}}}',
  })
  const message = stream.message() ?? assert.fail()
  assert.equal(Object.getPrototypeOf(message), Object.prototype)
  assert.equal(message.polluted, undefined)
})

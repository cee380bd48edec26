import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { capturedBodies, NO_CAPTURED_BODIES } from '../../../test/otlp-bodies.ts'
import { aboutOf, itemsIn, onlyStep, read, said, spanOf, type Told } from '../../../test/otlp-items.ts'
import { decode } from '../decode.ts'
import { OPEN_INFERENCE } from './openinference.ts'

const text = (content: string) => ({ type: 'text', content })
const told = (value: unknown) => ({ state: 'told', value })
const step = (kind: string, attributes: Told, span: object = {}) =>
  said(onlyStep(OPEN_INFERENCE, spanOf({ 'openinference.span.kind': kind, ...attributes }, span)))

const SYSTEM = { role: 'system', parts: [text('You book appointments. Be brief.')] }
const QUESTION = { role: 'user', parts: [text('When is my next appointment?')] }
const CALL = { type: 'tool_call', id: 'call_a1', name: 'find_appointments', arguments: { patient: '17' } }
const ANSWER = 'On 12 January at 9:30, with Dr. Osei.'
const TOOLS = told([
  {
    type: 'function',
    function: {
      name: 'find_appointments',
      description: 'Appointments of a patient',
      parameters: { type: 'object', properties: { patient: { type: 'string' } } },
    },
  },
  { type: 'function', name: 'cancel_appointment', description: 'Cancels one' },
])
const FOUND = [{ at: '2026-01-12T09:30', with: 'Dr. Osei' }]

test('the question of a patient at a desk is told step by step, as it was', () => {
  const items = itemsIn('openinference-clinic-traces.json', 'traces')
  const readings = items.map((item) => read(OPEN_INFERENCE, item))
  for (const { about } of readings) {
    assert.deepEqual([about.conversation, about.user], ['visit-204', 'patient-17'])
  }
  const steps = readings.flatMap(({ steps }) => steps).map(said)
  assert.deepEqual(steps, [
    {
      kind: 'model_call',
      operation: 'chat',
      provider: 'azure',
      model: 'gpt-4o-mini',
      modelAnswered: 'gpt-4o-mini-2024-07-18',
      parameters: { temperature: 0.2, max_tokens: 400, 'prompt.id': 'desk', 'prompt.version': 'v3' },
      stream: true,
      input: told([SYSTEM, QUESTION]),
      output: told([{ role: 'assistant', parts: [CALL] }]),
      toolDefinitions: TOOLS,
      finishReasons: ['tool_calls'],
      usage: { input: 120, output: 18, cachedInput: 64, reasoning: 0 },
    },
    {
      kind: 'tool_call',
      name: 'find_appointments',
      callId: 'call_a1',
      arguments: told({ patient: '17' }),
      result: told(FOUND),
      layer: 'agent',
    },
    {
      kind: 'data_touch',
      access: 'read',
      operation: 'retrieval',
      resourceType: 'data_source',
      query: told('what to bring to dermatology'),
      records: told([
        {
          type: 'document',
          id: 'leaflet-9',
          score: 0.91,
          content: 'Bring your insurance card.',
          metadata: '{"page":2}',
        },
        { type: 'document', id: 4, score: 0.4, content: 'Parking is free.' },
      ]),
      count: 2,
    },
    {
      kind: 'model_call',
      operation: 'embeddings',
      model: 'text-embedding-3-small',
      input: told([{ role: 'document', parts: [text('what to bring to dermatology')] }]),
      usage: { input: 6 },
    },
    {
      kind: 'model_call',
      operation: 'rerank',
      model: 'bge-reranker',
      input: told([
        { role: 'query', parts: [text('what to bring')] },
        { role: 'document', parts: [{ type: 'document', content: 'Bring your insurance card.' }] },
        { role: 'document', parts: [{ type: 'document', content: 'Parking is free.' }] },
      ]),
      output: told([
        { role: 'document', parts: [{ type: 'document', score: 0.99, content: 'Bring your insurance card.' }] },
      ]),
    },
    {
      kind: 'model_call',
      operation: 'chat',
      provider: 'azure',
      model: 'gpt-4o-mini',
      modelAnswered: 'gpt-4o-mini-2024-07-18',
      input: told([
        SYSTEM,
        QUESTION,
        { role: 'assistant', parts: [CALL] },
        {
          role: 'tool',
          name: 'find_appointments',
          parts: [
            { type: 'tool_call_response', id: 'call_a1', name: 'find_appointments', response: JSON.stringify(FOUND) },
          ],
        },
      ]),
      output: told([
        {
          role: 'assistant',
          parts: [{ type: 'reasoning', id: 'rs_1', content: 'One appointment is found.' }, text(ANSWER)],
        },
      ]),
      toolDefinitions: TOOLS,
      finishReasons: ['stop'],
      usage: { input: 190, output: 25, reasoning: 9 },
    },
    {
      kind: 'tool_call',
      name: 'cancel_appointment',
      arguments: told({ at: '2026-01-12T09:30' }),
      error: { type: 'LookupError', message: 'no such appointment' },
      layer: 'agent',
    },
    {
      kind: 'agent_run',
      operation: 'invoke_agent',
      input: told([QUESTION]),
      output: told([{ role: 'assistant', parts: [text(ANSWER)] }]),
    },
  ])
})

describe('a run of LangGraph, as its instrumentation sent it', () => {
  const bodies = capturedBodies('otlp-openinference-langchain-')
  const skip = bodies === undefined && NO_CAPTURED_BODIES
  const readings = (bodies ?? []).flatMap(({ json, signal }) =>
    decode(json, signal, 'json').items.map(({ item }) => read(OPEN_INFERENCE, item)),
  )

  test('two calls of the model, two of the tool that the first one asked for, and the graph around them', {
    skip,
  }, () => {
    const steps = readings.flatMap(({ steps }) => steps)
    assert.deepEqual(steps.map(({ kind }) => kind).sort(), [
      'agent_run',
      'model_call',
      'model_call',
      'tool_call',
      'tool_call',
    ])
    const [first, second] = steps.filter((one) => one.kind === 'model_call')
    const usage = { input: 21, output: 9, cachedInput: 4, reasoning: 2 }
    for (const call of [first, second]) {
      assert.deepEqual([call?.provider, call?.model, said(call?.usage)], ['openai', 'gpt-mock', usage])
    }
    const call = (id: string, city: string) => ({ type: 'tool_call', id, name: 'get_weather', arguments: { city } })
    assert.deepEqual(
      said(first?.output),
      told([{ role: 'assistant', parts: [call('call_1', 'Paris'), call('call_2', 'Rome')] }]),
    )
    assert.deepEqual(
      said(second?.output),
      told([{ role: 'assistant', parts: [text('It is sunny in Paris and Rome.')] }]),
    )
    assert.ok(second?.input?.state === 'told')
    assert.deepEqual(
      second.input.value.map(({ role }) => role),
      ['user', 'assistant', 'tool', 'tool'],
    )
    const calls = steps.filter((one) => one.kind === 'tool_call')
    assert.deepEqual(
      calls.map(({ name, callId, arguments: given, succeeded }) => [name, callId, said(given), succeeded]),
      [
        ['get_weather', 'call_1', told('Paris'), true],
        ['get_weather', 'call_2', told('Rome'), true],
      ],
    )
  })

  test('all of it is in one conversation', { skip }, () => {
    assert.deepEqual(new Set(readings.map(({ about }) => about.conversation)), new Set(['s-9']))
  })
})

describe('what an application hides', () => {
  test('is hidden in the step: what went in and what came out', () => {
    const hidden = { 'input.value': '__REDACTED__', 'output.value': '__REDACTED__' }
    assert.deepEqual(step('LLM', hidden), {
      kind: 'model_call',
      operation: 'chat',
      input: { state: 'redacted' },
      output: { state: 'redacted' },
    })
    assert.deepEqual(step('TOOL', { ...hidden, 'tool.name': 'a', 'input.mime_type': 'application/json' }), {
      kind: 'tool_call',
      name: 'a',
      arguments: { state: 'redacted' },
      result: { state: 'redacted' },
      layer: 'agent',
    })
  })

  test('is a part that says so, where only texts of messages are hidden', () => {
    const message = {
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': '__REDACTED__',
    }
    assert.deepEqual(step('LLM', message), {
      kind: 'model_call',
      operation: 'chat',
      input: told([{ role: 'user', parts: [{ type: 'redacted', of: 'text' }] }]),
    })
  })
})

test('what was cut off at the emitter stands as it is, and is said to be cut off', () => {
  const cut = { 'tool.name': 'a', 'input.value': '{"city":"Par', 'input.mime_type': 'application/json' }
  assert.deepEqual(step('TOOL', cut), {
    kind: 'tool_call',
    name: 'a',
    arguments: { state: 'unread', text: '{"city":"Par', why: 'truncated' },
    layer: 'agent',
  })
})

test('arguments of a call that are no JSON stand word for word', () => {
  const message = {
    'llm.output_messages.0.message.role': 'assistant',
    'llm.output_messages.0.message.tool_calls.3.tool_call.function.name': 'a',
    'llm.output_messages.0.message.tool_calls.3.tool_call.function.arguments': 'city=Paris',
    'llm.output_messages.0.message.function_call_name': 'old',
    'llm.output_messages.0.message.function_call_arguments_json': '{}',
  }
  assert.deepEqual(step('LLM', message), {
    kind: 'model_call',
    operation: 'chat',
    output: told([
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', name: 'a', arguments: 'city=Paris' },
          { type: 'tool_call', name: 'old', arguments: {} },
        ],
      },
    ]),
  })
})

test('a picture in a message is a part with its address', () => {
  const contents = 'llm.input_messages.0.message.contents'
  assert.deepEqual(
    step('LLM', {
      'llm.input_messages.0.message.role': 'user',
      [`${contents}.1.message_content.type`]: 'image',
      [`${contents}.1.message_content.image.image.url`]: 'https://clinic.example/x-ray.png',
      [`${contents}.0.message_content.type`]: 'text',
      [`${contents}.0.message_content.text`]: 'What is this?',
    }),
    {
      kind: 'model_call',
      operation: 'chat',
      input: told([
        {
          role: 'user',
          parts: [text('What is this?'), { type: 'uri', modality: 'image', uri: 'https://clinic.example/x-ray.png' }],
        },
      ]),
    },
  )
})

test('a completion of a text is told as its texts', () => {
  assert.deepEqual(step('LLM', { 'llm.prompts.0.prompt.text': 'Once', 'llm.choices.0.completion.text': ' upon' }), {
    kind: 'model_call',
    operation: 'text_completion',
    input: told([{ role: 'user', parts: [text('Once')] }]),
    output: told([{ role: 'assistant', parts: [text(' upon')] }]),
  })
})

test('a model that failed tells why', () => {
  const status = { code: 2, message: '429 Too Many Requests' }
  assert.deepEqual(step('LLM', { 'llm.model_name': 'm' }, { status }), {
    kind: 'model_call',
    operation: 'chat',
    model: 'm',
    error: { type: 'error', message: '429 Too Many Requests' },
  })
})

test('a chain tells of no step but where it is the outermost', () => {
  const chain = { 'openinference.span.kind': 'CHAIN', 'input.value': 'hello' }
  assert.deepEqual(read(OPEN_INFERENCE, spanOf(chain, { parentSpanId: '00f067aa0ba902b7' })).steps, [])
  assert.deepEqual(step('CHAIN', { 'input.value': 'hello' }), {
    kind: 'agent_run',
    operation: 'invoke_workflow',
    input: { state: 'unread', text: 'hello', why: 'malformed' },
  })
})

test('what an agent was given as JSON is no message of anybody', () => {
  assert.deepEqual(step('AGENT', { 'input.value': '{"a":1}', 'input.mime_type': 'application/json' }), {
    kind: 'agent_run',
    operation: 'invoke_agent',
    input: { state: 'unread', text: '{"a":1}', why: 'malformed' },
  })
})

test('a conversation that only the framework names is named so', () => {
  const metadata = JSON.stringify({ thread_id: 't-9' })
  assert.equal(aboutOf(OPEN_INFERENCE, spanOf({ 'openinference.span.kind': 'CHAIN', metadata })).conversation, 't-9')
})

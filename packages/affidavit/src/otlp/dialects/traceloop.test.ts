import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { aboutOf, itemsIn, onlyStep, read, said, spanOf, type Told } from '../../../test/otlp-items.ts'
import { TRACELOOP } from './traceloop.ts'

const text = (content: string) => ({ type: 'text', content })
const told = (value: unknown) => ({ state: 'told', value })
const step = (attributes: Told, span: object = {}) => said(onlyStep(TRACELOOP, spanOf(attributes, span)))

const ANSWER = 'Only with the landlord’s consent.'
const CALL = { type: 'tool_call', id: 'call_7', name: 'find_clauses', arguments: { contract: 'lease-4' } }
const TOOLS = told([
  {
    type: 'function',
    name: 'find_clauses',
    description: 'Clauses of a contract',
    parameters: { type: 'object', properties: { contract: { type: 'string' } } },
  },
])
const ASKED = [
  { role: 'system', parts: [text('You review contracts.')] },
  { role: 'user', parts: [{ type: 'text', text: 'May the tenant sublet?' }] },
]

test('the review of a contract is told step by step, as it was', () => {
  const readings = itemsIn('traceloop-contract-traces.json', 'traces').map((item) => read(TRACELOOP, item))
  for (const { about } of readings) {
    assert.deepEqual([about.conversation, about.user], ['matter-12', 'associate-3'])
  }
  assert.deepEqual(readings.flatMap(({ steps }) => steps).map(said), [
    {
      kind: 'model_call',
      operation: 'chat',
      provider: 'openai',
      model: 'gpt-4o',
      modelAnswered: 'gpt-4o-2024-08-06',
      responseId: 'chatcmpl-1',
      parameters: { temperature: 0.1 },
      stream: false,
      input: told(ASKED),
      output: told([{ role: 'assistant', parts: [CALL], finishReason: 'tool_calls' }]),
      toolDefinitions: TOOLS,
      finishReasons: ['tool_calls'],
      usage: { input: 150, output: 21, cachedInput: 128 },
    },
    {
      kind: 'tool_call',
      name: 'find_clauses',
      arguments: told({ args: [], kwargs: { contract: 'lease-4' } }),
      result: told('No subletting without consent.'),
      layer: 'agent',
    },
    {
      kind: 'data_touch',
      access: 'read',
      operation: 'query',
      resourceType: 'data_source',
      resource: 'chroma',
      records: told([
        { id: 'clause-9', distance: 0.125, document: 'No subletting without consent.', metadata: '{"page": 3}' },
      ]),
      count: 1,
    },
    {
      kind: 'model_call',
      operation: 'chat',
      provider: 'openai',
      model: 'gpt-4o',
      input: told([
        ...ASKED,
        { role: 'assistant', parts: [CALL] },
        {
          role: 'tool',
          parts: [{ type: 'tool_call_response', id: 'call_7', response: 'No subletting without consent.' }],
        },
      ]),
      output: told([{ role: 'assistant', parts: [text(ANSWER)], finishReason: 'stop' }]),
      toolDefinitions: TOOLS,
      finishReasons: ['stop'],
      usage: { input: 190, output: 12 },
    },
    {
      kind: 'model_call',
      operation: 'chat',
      provider: 'anthropic',
      model: 'claude-sonnet-4',
      input: told([{ role: 'user', parts: [text('Check: only with consent.')] }]),
      output: told([{ role: 'assistant', parts: [text('Correct.')], finishReason: 'stop' }]),
      usage: { input: 31, output: 2 },
    },
    {
      kind: 'agent_run',
      operation: 'invoke_agent',
      input: { state: 'unread', text: '{"args": ["May the tenant sublet?"], "kwargs": {}}', why: 'malformed' },
      output: { state: 'unread', text: JSON.stringify(ANSWER), why: 'malformed' },
    },
    { kind: 'agent_run', operation: 'invoke_workflow', error: { type: 'OSError', message: 'disk full' } },
  ])
  assert.equal(readings[5]?.about.agent, 'reviewer')
})

describe('a call of a model', () => {
  test('is read under the names of the first versions too', () => {
    assert.deepEqual(
      step({
        'llm.vendor': 'OpenAI',
        'llm.request.type': 'completion',
        'llm.request.model': 'davinci',
        'llm.response.model': 'davinci-002',
        'llm.prompts.0.content': 'Once',
        'llm.completions.0.content': ' upon',
        'llm.completions.0.finish_reason': 'length',
        'llm.usage.prompt_tokens': 1,
        'llm.usage.completion_tokens': 2,
      }),
      {
        kind: 'model_call',
        operation: 'text_completion',
        provider: 'openai',
        model: 'davinci',
        modelAnswered: 'davinci-002',
        input: told([{ role: 'user', parts: [text('Once')] }]),
        output: told([{ role: 'assistant', parts: [text(' upon')], finishReason: 'length' }]),
        finishReasons: ['length'],
        usage: { input: 1, output: 2 },
      },
    )
  })

  test('whose texts the application keeps to itself is a call all the same', () => {
    assert.deepEqual(step({ 'llm.request.type': 'chat', 'gen_ai.request.model': 'm' }), {
      kind: 'model_call',
      operation: 'chat',
      model: 'm',
    })
  })

  test('is told once where it is written in both forms', () => {
    const messages = JSON.stringify([{ role: 'user', parts: [text('new')] }])
    const both = { 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': 'old', 'gen_ai.input.messages': messages }
    assert.deepEqual(step({ ...both, 'gen_ai.operation.name': 'chat' }), {
      kind: 'model_call',
      operation: 'chat',
      input: told([{ role: 'user', parts: [text('new')] }]),
    })
  })

  test('that asked for a function, before there were tools, has it as a call', () => {
    const output = { 'gen_ai.completion.0.function_call.name': 'a', 'gen_ai.completion.0.function_call.arguments': '{' }
    assert.deepEqual(step(output), {
      kind: 'model_call',
      operation: 'chat',
      output: told([{ role: 'assistant', parts: [{ type: 'tool_call', name: 'a', arguments: '{' }] }]),
    })
  })
})

describe('a tool that a server of MCP runs', () => {
  const mcp = { name: 'opentelemetry.instrumentation.mcp' }
  test('is told by the agent that calls it and by the server, each as what it is', () => {
    const tool = { 'traceloop.span.kind': 'tool', 'traceloop.entity.name': 'search', 'mcp.response.value': '[]' }
    const seen = { kind: 'tool_call', name: 'search', result: told([]) }
    assert.deepEqual(said(onlyStep(TRACELOOP, spanOf(tool, {}, mcp))), { ...seen, layer: 'mcp_client' })
    assert.deepEqual(said(onlyStep(TRACELOOP, spanOf({ ...tool, 'traceloop.workflow.name': 'shop.mcp' }, {}, mcp))), {
      ...seen,
      layer: 'mcp_server',
    })
  })
})

test('what a tool gave is the value that its JSON stands for, else the text as it is', () => {
  const result = (output: string) => {
    const call = onlyStep(TRACELOOP, spanOf({ 'traceloop.span.kind': 'tool', 'traceloop.entity.output': output }))
    return call.kind === 'tool_call' ? call.result : undefined
  }
  assert.deepEqual(result('"sunny"'), told('sunny'))
  assert.deepEqual(result('sunny'), told('sunny'))
  assert.deepEqual(result('{"sun'), { state: 'unread', text: '{"sun', why: 'truncated' })
})

test('what is written to a store of vectors is a change to it', () => {
  const upsert = { 'db.system': 'Pinecone', 'db.operation': 'upsert', 'qdrant.search.collection_name': 'leaflets' }
  assert.deepEqual(step(upsert), {
    kind: 'data_touch',
    access: 'write',
    operation: 'upsert',
    resourceType: 'data_source',
    resource: 'leaflets',
  })
})

test('a database that holds no vectors is nobody’s retrieval', () => {
  assert.equal(TRACELOOP.recognises(spanOf({ 'db.system': 'postgresql', 'db.operation': 'SELECT' })), false)
})

test('a conversation that the conventions name goes before what the application calls a session', () => {
  const span = spanOf({ 'gen_ai.conversation.id': 'c', 'traceloop.association.properties.session_id': 's' })
  assert.equal(aboutOf(TRACELOOP, span).conversation, 'c')
})

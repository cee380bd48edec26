import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { canonicalJson, type JsonValue, PLAIN_JSON } from '../src/bytes/json.ts'
import { OPEN_INFERENCE } from '../src/otlp/dialects/openinference.ts'
import { DIALECTS } from '../src/otlp/dialects.ts'
import type { Item } from '../src/otlp/telemetry.ts'
import { logOf, said, spanOf, type Told } from './otlp-items.ts'

const KINDS = [
  'LLM',
  'TOOL',
  'AGENT',
  'CHAIN',
  'RETRIEVER',
  'RERANKER',
  'EMBEDDING',
  'GUARDRAIL',
  'EVALUATOR',
  'PROMPT',
]
const EVENTS = [
  'user_prompt',
  'api_request',
  'api_error',
  'api_refusal',
  'assistant_response',
  'tool_decision',
  'tool_result',
]
const NAMES = [
  ...['openinference.span.kind', 'input.value', 'input.mime_type', 'output.value', 'output.mime_type', 'metadata'],
  ...[
    'llm.model_name',
    'llm.token_count.prompt',
    'llm.invocation_parameters',
    'llm.finish_reason',
    'session.id',
    'tool.name',
  ],
  ...['llm.input_messages', 'llm.output_messages', 'llm.tools', 'llm.prompts', 'llm.choices', 'retrieval.documents'],
  ...['embedding.embeddings', 'reranker.input_documents', 'reranker.query', 'tool.parameters', 'prompt.id', 'user.id'],
  ...['gen_ai.prompt', 'gen_ai.completion', 'llm.completions', 'llm.request.type', 'llm.request.functions'],
  ...[
    'ai.operationId',
    'ai.prompt',
    'ai.prompt.messages',
    'ai.response.toolCalls',
    'ai.toolCall.args',
    'mcp.method.name',
  ],
  ...['traceloop.span.kind', 'traceloop.entity.input', 'traceloop.entity.output', 'traceloop.entity.name', 'db.system'],
  ...['gen_ai.operation.name', 'gen_ai.input.messages', 'gen_ai.output.messages', 'gen_ai.usage.input_tokens'],
  ...[
    'event.name',
    'prompt',
    'prompt_length',
    'response',
    'tool_input',
    'tool_parameters',
    'success',
    'cost_usd',
    'decision',
  ],
]
const MEMBERS = [
  ...['message.role', 'message.content', 'message.tool_calls.0.tool_call.function.arguments', 'message.tool_call_id'],
  ...['message.contents.1.message_content.type', 'message.contents.1.message_content.text', 'tool.json_schema'],
  ...['document.id', 'document.content', 'embedding.text', 'role', 'content', 'tool_calls.0.arguments', 'name', ''],
]
const INDICES = [
  '0',
  '1',
  '7',
  '4294967295',
  '9007199254740993',
  '-1',
  '1e9',
  '__proto__',
  'constructor',
  'length',
  '00',
  '',
]

const index = fc.constantFrom(...INDICES)
const name = fc.oneof(
  fc.constantFrom(...NAMES, '__proto__', 'constructor', 'toString'),
  fc
    .tuple(fc.constantFrom(...NAMES), index, fc.constantFrom(...MEMBERS, '__proto__', 'constructor.prototype'))
    .map((parts) => parts.join('.')),
  fc.string(),
)
const generations = (call: JsonValue): string =>
  JSON.stringify({ generations: [[{ message: { kwargs: { tool_calls: [call], tool_call_id: call, status: call } } }]] })
const plain = fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'))
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(...KINDS, ...EVENTS, '__REDACTED__', '<REDACTED>', 'chat', 'tool', 'application/json', '[{"type":'),
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  // What the stranger's JSON holds is a text until a dialect reads it.
  fc.json(),
  fc.constantFrom('{"__proto__":{"polluted":1}}', '[{"role":"user","parts":[{"__proto__":1}]}]'),
  plain as fc.Arbitrary<JsonValue>,
  (plain as fc.Arbitrary<JsonValue>).map(generations),
)
const soup: fc.Arbitrary<Told> = fc
  .array(fc.tuple(name, value), { maxLength: 30 })
  .map((pairs) => Object.fromEntries(pairs.filter(([key]) => key !== '__proto__')))

function read(item: Item): void {
  for (const dialect of DIALECTS) {
    if (!dialect.recognises(item)) continue
    const { steps, about } = dialect.read(item)
    for (const one of [about, ...steps]) canonicalJson(said(one), PLAIN_JSON)
  }
}

describe('whatever the attributes are, no dialect throws, and what it reads can be written down', () => {
  test('of spans', () => {
    const kind = fc.oneof(fc.constantFrom(...KINDS), fc.constant(undefined))
    const more = fc.record({ parentSpanId: fc.constantFrom('', 'b7ad6b7169203332'), name: fc.string() })
    fc.assert(
      fc.property(soup, kind, more, (attributes, one, span) => {
        read(spanOf({ ...attributes, ...(one === undefined ? {} : { 'openinference.span.kind': one }) }, span))
      }),
      { numRuns: 400 },
    )
  })

  test('of events', () => {
    const event = fc.constantFrom(...EVENTS, 'gen_ai.choice', 'gen_ai.user.message', 'gen_ai.evaluation.result')
    const scope = fc.constantFrom({}, { name: 'com.anthropic.claude_code.events' })
    fc.assert(
      fc.property(soup, event, scope, (attributes, one, from) =>
        read(logOf({ ...attributes, 'event.name': one }, {}, from)),
      ),
      { numRuns: 400 },
    )
  })

  test('and no other object is changed by it', () => {
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })
})

test('an index of four thousand millions is one message, at no more cost than any other', () => {
  const list = 'llm.input_messages'
  const item = spanOf({
    'openinference.span.kind': 'LLM',
    [`${list}.4294967295.message.role`]: 'user',
    [`${list}.4294967295.message.content`]: 'last',
    [`${list}.3.message.role`]: 'user',
    [`${list}.3.message.content`]: 'first',
  })
  const [step] = OPEN_INFERENCE.read(item).steps
  assert.ok(step?.kind === 'model_call' && step.input?.state === 'told')
  assert.deepEqual(
    step.input.value.map(({ parts }) => parts[0]?.content),
    ['first', 'last'],
  )
})

test('a conversation of two thousand messages that is written flat is read whole', () => {
  const told = Array.from({ length: 2_000 }, (_, i) => [
    [`llm.input_messages.${i}.message.role`, i % 2 === 0 ? 'user' : 'assistant'],
    [`llm.input_messages.${i}.message.content`, `message ${i}`],
    [`llm.input_messages.${i}.message.tool_calls.0.tool_call.id`, `call_${i}`],
  ]).flat()
  const item = spanOf({ 'openinference.span.kind': 'LLM', ...Object.fromEntries(told) })
  const [step] = OPEN_INFERENCE.read(item).steps
  assert.ok(step?.kind === 'model_call' && step.input?.state === 'told')
  assert.equal(step.input.value.length, 2_000)
})

// Whatever attributes an item has, no dialect throws, and the ledger takes what is made of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { newLedger, newReceiver, recordsIn } from '../../test/telemetry-stories.ts'

const NAMES = [
  'gen_ai.operation.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.provider.name',
  'gen_ai.conversation.id',
  'gen_ai.agent.name',
  'gen_ai.agent.version',
  'gen_ai.system_instructions',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.tool.definitions',
  'gen_ai.tool.name',
  'gen_ai.tool.call.id',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'gen_ai.request.temperature',
  'gen_ai.data_source.id',
  'gen_ai.event.content',
  'mcp.method.name',
  'mcp.resource.uri',
  'error.type',
  'server.address',
  'server.port',
  'user.id',
  'ai.operationId',
  'ai.prompt.messages',
  'ai.prompt.tools',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.toolCall.name',
  'ai.toolCall.args',
  'ai.usage.promptTokens',
  '__proto__',
]
const WORDS = [
  ...[
    'e\u0301',
    '__REDACTED__',
    '[',
    '{"a":',
    '[{"role":"user"}]',
    '[{"role":"user","parts":[{"type":"text","content":"x"}]}]',
  ],
  '[{"role":"user","parts":[{"type":"text","content":7}]},{"role":"assistant","parts":[null,"x",{"type":"tool_call"}]}]',
  ...['\u0000', '\ud800', '\u202e', 'x'.repeat(2_000), '', ' '],
]
const EVENTS = [
  'gen_ai.user.message',
  'gen_ai.choice',
  'gen_ai.client.inference.operation.details',
  'exception',
  'gen_ai.content.prompt',
]

const text = fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: 'binary', maxLength: 12 }))
const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text.map((stringValue) => ({ stringValue })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((intValue) => ({ intValue: String(intValue) })),
    fc
      .double()
      .map((doubleValue) => ({ doubleValue: Number.isFinite(doubleValue) ? doubleValue : String(doubleValue) })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.constant({}),
    fc.array(tie('value'), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .array(
        fc.record({
          key: fc.constantFrom('role', 'content', 'parts', 'type', 'name', 'id', 'message', 'tool_calls'),
          value: tie('value'),
        }),
        { maxLength: 4 },
      )
      .map((values) => ({ kvlistValue: { values } })),
  ),
}))
const operation = fc.constantFrom(
  ...['chat', 'execute_tool', 'invoke_agent', 'retrieval', 'search_memory', 'embeddings'].map(
    (name) => ['gen_ai.operation.name', name] as const,
  ),
  ...['ai.generateText', 'ai.generateText.doGenerate', 'ai.toolCall'].map((name) => ['ai.operationId', name] as const),
  ...['tools/call', 'resources/read'].map((name) => ['mcp.method.name', name] as const),
)
const attributes = fc
  .tuple(operation, fc.array(fc.record({ key: fc.constantFrom(...NAMES), value }), { maxLength: 12 }))
  .map(([[key, name], others]) => [...others, { key, value: { stringValue: name } }])
const id = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'123456789abcdef'), minLength: digits, maxLength: digits })
const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const span = fc.record({
  traceId: id(32),
  spanId: id(16),
  parentSpanId: id(16),
  name: text,
  kind: fc.nat(6),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  events: fc.array(fc.record({ name: fc.constantFrom(...EVENTS), timeUnixNano: nanos, attributes }), { maxLength: 2 }),
  status: fc.record({ code: fc.nat(2), message: text }),
})
const log = fc.record({
  traceId: id(32),
  spanId: id(16),
  eventName: fc.constantFrom(...EVENTS),
  timeUnixNano: nanos,
  attributes,
  body: value,
})
const resource = fc.record({
  attributes: fc.array(fc.record({ key: fc.constantFrom('service.name', 'host.name'), value }), { maxLength: 2 }),
})

test('no soup of attributes is refused, and each is on record', async (t) => {
  const ledger = await newLedger(t)
  const receiver = newReceiver(t, ledger)
  const requests = fc.record({
    resource,
    spans: fc.array(span, { maxLength: 3 }),
    logRecords: fc.array(log, { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(requests, async ({ resource, spans, logRecords }) => {
      const traces = { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }
      const logs = { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }
      for (const [signal, body] of [
        ['logs', logs],
        ['traces', traces],
      ] as const) {
        const answer = await receiver.receive({ body: Buffer.from(JSON.stringify(body)), signal, encoding: 'json' })
        assert.deepEqual([answer.rejected, answer.message], [0, ''])
      }
    }),
    { numRuns: 40 },
  )
  await receiver.tellWaiting('all')
  const received = (await recordsIn(ledger)).filter(({ action }) => action === 'telemetry_received')
  assert.ok(received.length > 0 && received.every(({ outcome }) => outcome === 'success'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { newLedger, newReceiver, recordsIn } from '../../test/telemetry-stories.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseRegistry } from '../registry/parse.ts'
import type { Receiver } from './receive.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const MINUTE = 60_000_000_000n

type Attributes = { readonly [name: string]: string | number }

interface Told {
  readonly id: number
  readonly under?: number
  readonly attributes: Attributes
  readonly kind?: number
  readonly failed?: string
}

/** Spans of one trace: that of id 3 starts in minute 3. */
function tracesOf(...spans: readonly Told[]): Parameters<Receiver['receive']>[0] {
  const written = spans.map(({ id, under, attributes, kind = 1, failed }) => ({
    traceId: TRACE,
    spanId: idOf(id),
    ...(under === undefined ? {} : { parentSpanId: idOf(under) }),
    kind,
    startTimeUnixNano: String(1_795_000_000_000_000_000n + BigInt(id) * MINUTE),
    endTimeUnixNano: String(1_795_000_000_000_000_000n + BigInt(id) * MINUTE + 1_000_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
    })),
    ...(failed === undefined ? {} : { status: { code: 2, message: failed } }),
  }))
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: written }] }] })
  return { body: Buffer.from(body), signal: 'traces', encoding: 'json' }
}

function idOf(id: number): string {
  return id.toString(16).padStart(16, '0')
}

function only(records: readonly AuditRecord[], action: string): AuditRecord {
  const found = records.filter((record) => record.action === action)
  const [one] = found
  assert.ok(one !== undefined && found.length === 1, `${found.length} ${action}`)
  return one
}

const said = (...texts: readonly string[]): string =>
  JSON.stringify(
    texts.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', parts: [{ type: 'text', content }] })),
  )

function chat(id: number, attributes: Attributes, under?: number): Told {
  const asked = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5', ...attributes }
  return { id, kind: 3, attributes: asked, ...(under === undefined ? {} : { under }) }
}

async function messagesIn(ledger: Ledger): Promise<number> {
  return (await recordsIn(ledger)).filter(({ action }) => action === 'user_message_received').length
}

const CHART = parseRegistry(
  `version: 1
revision: test
tools:
  get_chart:
    touches:
      - access: read
        resource_type: patient_record
        resource_id: { from: arguments, at: /patient }
        subject_ids: [{ from: arguments, at: /patient }]
        data_classification: restricted
        compliance_domains: [hipaa]
        purpose: treatment
  ask_doctor:
    kind: approval_request
    approver: [{ from: result, at: /by }]
    decision: { from: result, at: /decision }
    touches:
      - access: read
        resource_type: patient_record
        data_classification: restricted
`,
  'yaml',
  'registry.yaml',
)

function tool(id: number, name: string, given: object, result: object): Told {
  return {
    id,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.arguments': JSON.stringify(given),
      'gen_ai.tool.call.result': JSON.stringify(result),
    },
  }
}

test('what a tool touched is judged by the registry, and the receipt is about the same person', async (t) => {
  const ledger = await newLedger(t, { registry: CHART })
  await newReceiver(t, ledger).receive(tracesOf(tool(1, 'get_chart', { patient: 'p-17' }, { allergies: [] })))
  const records = await recordsIn(ledger)
  const access = only(records, 'data_accessed')
  assert.deepEqual(
    [access.resource_type, access.compliance_domains, access.purpose, access.details?.access],
    ['patient_record', ['hipaa'], 'treatment', 'read'],
  )
  assert.equal(access.parent_id, only(records, 'tool_completed').id)
  const about: string[] = []
  for await (const { action } of ledger.search({ subject_id: 'p-17' })) about.push(action)
  assert.deepEqual(about, ['tool_invoked', 'tool_completed', 'data_accessed', 'telemetry_received'])
})

test('a tool that asks for an approval has its request and its decision', async (t) => {
  const ledger = await newLedger(t, { registry: CHART })
  await newReceiver(t, ledger).receive(tracesOf(tool(1, 'ask_doctor', {}, { by: 'dr-4', decision: 'approved' })))
  const records = await recordsIn(ledger)
  const decision = only(records, 'approval_decided')
  assert.deepEqual(
    [decision.outcome, decision.actor_type, decision.parent_id, decision.details?.decision],
    ['success', 'user', only(records, 'approval_requested').id, 'approved'],
  )
})

test('within a trace each call is of the nearest agent above it', async (t) => {
  const ledger = await newLedger(t)
  const agent = (id: number, name: string, under?: number): Told => ({
    id,
    ...(under === undefined ? {} : { under }),
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name },
  })
  const step: Told = { id: 3, under: 2, attributes: { 'gen_ai.operation.name': 'agent_step' } }
  await newReceiver(t, ledger).receive(
    tracesOf(agent(1, 'triage'), agent(2, 'pharmacy', 1), step, chat(4, {}, 3), chat(5, {}, 1)),
  )
  const calls = (await recordsIn(ledger)).filter(({ action }) => action === 'model_invoked')
  assert.deepEqual(
    calls.map(({ agent_name }) => agent_name),
    ['pharmacy', 'triage'],
  )
})

test('the same words, said again, are another message; told again, they are the same', async (t) => {
  const ledger = await newLedger(t)
  const receiver = newReceiver(t, ledger)
  const [first, second] = [said('yes'), said('yes', 'Shall I?', 'yes')]
  await receiver.receive(tracesOf(chat(1, { 'gen_ai.input.messages': first })))
  await receiver.receive(tracesOf(chat(2, { 'gen_ai.input.messages': first })))
  assert.equal(await messagesIn(ledger), 1)
  await receiver.receive(tracesOf(chat(3, { 'gen_ai.input.messages': second })))
  assert.equal(await messagesIn(ledger), 2)
})

test('an agent whose calls nobody tells is heard itself; one that fails has failed', async (t) => {
  const ledger = await newLedger(t)
  const run: Told = {
    id: 1,
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'remote',
      'gen_ai.input.messages': said('Is the potassium back?'),
      'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Not yet.' }] }]),
      'gen_ai.usage.input_tokens': 80,
    },
    failed: 'the connection was lost',
  }
  await newReceiver(t, ledger).receive(tracesOf(run))
  const records = await recordsIn(ledger)
  const answer = only(records, 'agent_response_generated')
  assert.deepEqual([answer.details?.layer, answer.details?.characters, answer.details?.tokens], ['agent', 8, undefined])
  assert.equal(answer.parent_id, only(records, 'user_message_received').id)
  assert.equal(only(records, 'agent_failed').outcome, 'error')
})

test('an agent that is asked from afar is heard, whatever else is called in the trace', async (t) => {
  const ledger = await newLedger(t)
  const run = (id: number, name: string, answer: string, under?: number): Told => ({
    id,
    ...(under === undefined ? {} : { under }),
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': name,
      'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: answer }] }]),
    },
  })
  const spans = [chat(2, {}, 1), run(3, 'pharmacy', 'In stock.', 1), run(1, 'triage', 'It is in stock.')]
  const receiver = newReceiver(t, ledger)
  for (const span of spans) await receiver.receive(tracesOf(span))
  const answers = (await recordsIn(ledger)).filter(({ details }) => details?.layer === 'agent')
  assert.deepEqual(
    answers.map(({ agent_name, details }) => [agent_name, details?.characters]),
    [['pharmacy', 9]],
  )
})

test('an agent may be named in any letters', async (t) => {
  const ledger = await newLedger(t)
  const names = ['Cafe\u0301', '\u202eward', 'x'.repeat(300), ' ']
  for (const [i, name] of names.entries()) {
    const asked = chat(i + 1, {
      'gen_ai.agent.name': name,
      'gen_ai.system_instructions': 'Be brief.',
      'user.id': name,
      'gen_ai.conversation.id': name,
    })
    const { rejected, message } = await newReceiver(t, ledger).receive(tracesOf(asked))
    assert.deepEqual([rejected, message], [0, ''])
  }
  const announced = (await recordsIn(ledger)).filter(({ action }) => action === 'prompt_changed')
  assert.equal(announced.length, names.length)
})

test('a call that failed is a failure, its message sealed', async (t) => {
  const ledger = await newLedger(t)
  await newReceiver(t, ledger).receive(
    tracesOf({ ...chat(1, { 'error.type': 'RateLimitError' }), failed: 'patient p-17 exceeds the quota' }),
  )
  const failure = only(await recordsIn(ledger), 'agent_failed')
  assert.deepEqual(failure.details?.error, { name: 'RateLimitError' })
  assert.deepEqual(
    failure.content?.map(({ name }) => name),
    ['error'],
  )
})

// Approvals of the AI SDK: asked for in one call, decided in the history of another one; each is on record once, and before the tool runs.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import { generateText, isStepCount, jsonSchema, type ModelMessage, streamText, tool } from 'ai'

import { aiSdkTelemetry } from '../src/adapters/ai-sdk.ts'
import { auditedAgent, type Recorded } from './audited-agent.ts'
import { asks } from './mock-answer.ts'
import { startMockProvider } from './mock-provider.ts'

const provider = await startMockProvider()
const agent = await auditedAgent()
after(() => Promise.all([provider.close(), agent.close()]))

const settings = { apiKey: 'secret', baseURL: `${provider.url}/v1` }
const model = createOpenAI(settings).chat('gpt')
const telemetry = { integrations: aiSdkTelemetry(agent.audit) }
const PARIS = { id: 'call_1', name: 'book', arguments: '{"city":"Paris"}' } as const
const ROME = { id: 'call_2', name: 'book', arguments: '{"city":"Rome"}' } as const

let booked: string[] = []
const execute = async ({ city }: { city: string }): Promise<string> => {
  booked.push(city)
  return 'booked'
}
const inputSchema = jsonSchema<{ city: string }>({ type: 'object' })
const tools = { book: tool({ inputSchema, execute }) }
const askUser = { toolApproval: { book: 'user-approval' } } as const
const stopWhen = isStepCount(3)
const QUESTION: ModelMessage = { role: 'user', content: 'Book something.' }

/** Asks, and goes on with what the user decided. */
async function decide(
  stream: boolean,
  decision: { readonly approved: boolean; readonly reason?: string },
): Promise<void> {
  const options = { model, tools, telemetry, stopWhen, ...askUser }
  const ask = async (messages: ModelMessage[]): Promise<ModelMessage[]> => {
    const result = stream ? streamText({ ...options, messages }) : await generateText({ ...options, messages })
    await result.text
    const { messages: answered } = await result.response
    return answered
  }
  const answer = await ask([QUESTION])
  const requests = answer.flatMap(requestsIn)
  const decisions = requests.map(
    ({ approvalId }) => ({ type: 'tool-approval-response', approvalId, ...decision }) as const,
  )
  assert.deepEqual(booked, [])
  await ask([QUESTION, ...answer, { role: 'tool', content: decisions }])
}

function requestsIn({ content }: ModelMessage): readonly { readonly approvalId: string }[] {
  if (typeof content === 'string') return []
  return content.flatMap((part) => (part.type === 'tool-approval-request' ? [part] : []))
}

const APPROVAL = /^(approval_requested|approval_decided|tool_invoked)$/
function briefly(records: readonly Recorded[]): unknown[] {
  return records
    .filter(({ action }) => APPROVAL.test(action))
    .map(({ action, outcome, details }) => [action, details?.call_id, outcome].filter((one) => one !== undefined))
}

for (const stream of [false, true]) {
  const how = stream ? 'a stream' : 'an answer'
  test(`what the user approved, asked by ${how}, is on record before it runs, once`, async () => {
    booked = []
    provider.next(asks(PARIS, ROME))
    const done = await agent.during(() => decide(stream, { approved: true, reason: 'fine' }))
    assert.equal(done.error, undefined)
    // Tools that run at once begin in any order.
    assert.deepEqual(booked.sort(), ['Paris', 'Rome'])
    const records = await done.recorded()
    const told = briefly(records).map(String)
    assert.deepEqual(told.slice(0, 2), ['approval_requested,call_1', 'approval_requested,call_2'])
    assert.deepEqual(told.slice(2).sort(), [
      'approval_decided,call_1,success',
      'approval_decided,call_2,success',
      'tool_invoked,call_1',
      'tool_invoked,call_2',
    ])
    for (const call of ['call_1', 'call_2'])
      assert.ok(told.indexOf(`approval_decided,${call},success`) < told.indexOf(`tool_invoked,${call}`))
    const decided = records.find(({ action }) => action === 'approval_decided')
    const requested = records.find(({ id }) => id === decided?.parent_id)
    assert.equal(requested?.action, 'approval_requested')
    assert.deepEqual(requested?.sealed.request, { city: requested?.details?.call_id === 'call_1' ? 'Paris' : 'Rome' })
    assert.deepEqual([decided?.actor_type, decided?.outcome_reason], ['user', 'fine'])
  })

  test(`what the user denied, asked by ${how}, is on record, and does not run`, async () => {
    booked = []
    provider.next(asks(PARIS))
    const done = await agent.during(() => decide(stream, { approved: false }))
    assert.equal(done.error, undefined)
    assert.deepEqual(booked, [])
    assert.deepEqual(briefly(await done.recorded()), [
      ['approval_requested', 'call_1'],
      ['approval_decided', 'call_1', 'denied'],
    ])
  })
}

test('what a rule of the application denies is on record as that', async () => {
  booked = []
  provider.next(asks(PARIS))
  const denied = { toolApproval: { book: { type: 'denied', reason: 'too far' } } } as const
  const done = await agent.during(() =>
    generateText({ model, messages: [QUESTION], tools, telemetry, stopWhen, ...denied }),
  )
  assert.equal(done.error, undefined)
  const records = await done.recorded()
  assert.deepEqual(briefly(records), [
    ['approval_requested', 'call_1'],
    ['approval_decided', 'call_1', 'denied'],
  ])
  const decided = records.find(({ action }) => action === 'approval_decided')
  assert.deepEqual([decided?.actor_type, decided?.outcome_reason], ['agent', 'too far'])
  assert.deepEqual(booked, [])
})

test('an approval that cannot be recorded lets no tool run', async () => {
  booked = []
  provider.next(asks(PARIS))
  const done = await agent.during(async () => {
    const options = { model, tools, telemetry, stopWhen, ...askUser }
    const { response } = await generateText({ ...options, messages: [QUESTION] })
    const [answer] = response.messages
    assert.ok(answer !== undefined)
    const [request] = requestsIn(answer)
    assert.ok(request !== undefined)
    agent.refuse()
    const decision = { type: 'tool-approval-response', approvalId: request.approvalId, approved: true } as const
    return generateText({ ...options, messages: [QUESTION, answer, { role: 'tool', content: [decision] }] })
  })
  await agent.renew()
  assert.ok(done.error !== undefined)
  assert.deepEqual(booked, [])
})

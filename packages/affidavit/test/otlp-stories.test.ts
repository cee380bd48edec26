import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Request } from '../src/otlp/receipt.ts'
import { capturedBodies, NO_CAPTURED_BODIES, ownBody } from './otlp-bodies.ts'
import { newLedger, newReceiver, recordsIn, storyOf } from './telemetry-stories.ts'

const STORIES: readonly (readonly [body: string, story: readonly string[]])[] = [
  [
    'openinference-clinic-traces',
    [
      'conversation_started',
      'prompt_changed resource=desk content=prompt',
      'model_changed model=gpt-4o-mini resource=desk',
      'user_message_received success characters=28 content=message',
      'model_invoked model=gpt-4o-mini content=request after=3',
      'agent_response_generated success model=gpt-4o-mini tokens={"cached_input":64,"input":120,"output":18,"reasoning":0} tools_requested=["find_appointments"] characters=0 content=response+circumstances after=4',
      'tool_invoked tool=find_appointments content=arguments after=5',
      'tool_completed success tool=find_appointments content=result after=6',
      'data_accessed success tool=find_appointments after=7',
      'tool_invoked tool=retrieval content=arguments',
      'model_invoked model=text-embedding-3-small content=request',
      'agent_response_generated success model=text-embedding-3-small tokens={"input":6} after=10',
      'model_invoked model=bge-reranker content=request',
      'agent_response_generated success model=bge-reranker characters=0 content=response after=12',
      'data_accessed success tool=retrieval content=result after=9',
      'model_invoked model=gpt-4o-mini content=request after=3',
      'agent_response_generated success model=gpt-4o-mini tokens={"input":190,"output":25,"reasoning":9} characters=37 content=answer+response+circumstances after=15',
      'tool_invoked tool=cancel_appointment content=arguments',
      'tool_completed error tool=cancel_appointment content=error after=17',
      'data_accessed error tool=cancel_appointment after=18',
    ],
  ],
  [
    'traceloop-contract-traces',
    [
      'conversation_started',
      'prompt_changed resource=reviewer content=prompt',
      'model_changed model=gpt-4o resource=reviewer',
      'user_message_received success characters=22 content=message',
      'model_invoked model=gpt-4o content=request after=3',
      'agent_response_generated success model=gpt-4o tokens={"cached_input":128,"input":150,"output":21} tools_requested=["find_clauses"] characters=0 content=response+circumstances after=4',
      'tool_invoked tool=find_clauses content=arguments',
      'tool_invoked tool=query resource=token',
      'data_accessed success tool=query resource=token content=result after=7',
      'tool_completed success tool=find_clauses content=result after=6',
      'data_accessed success tool=find_clauses after=9',
      'model_invoked model=gpt-4o content=request after=3',
      'agent_response_generated success model=gpt-4o tokens={"input":190,"output":12} characters=33 content=answer+circumstances after=11',
      'model_changed model=claude-sonnet-4 resource=reviewer',
      'user_message_received success characters=25 content=message',
      'model_invoked model=claude-sonnet-4 content=request after=14',
      'agent_response_generated success model=claude-sonnet-4 tokens={"input":31,"output":2} characters=8 content=answer after=15',
      'agent_failed error layer=agent content=error',
    ],
  ],
  [
    'claude-code-logs',
    [
      'conversation_started',
      'user_message_received success characters=24 content=message',
      'model_changed model=claude-opus-4-8 resource=claude-code',
      'model_invoked model=claude-opus-4-8 uncaptured=["request: not told"] content=request',
      'agent_response_generated success model=claude-opus-4-8 tokens={"cache_write":240,"cached_input":1800,"input":2052,"output":85} characters=18 content=answer+circumstances after=3',
      'approval_decided success tool=Bash',
      'tool_invoked tool=Bash content=arguments',
      'tool_completed error tool=Bash content=error after=6',
      'data_accessed error tool=Bash after=7',
      'approval_decided success tool=mcp__tracker__search',
      'tool_invoked tool=mcp__tracker__search content=arguments',
      'tool_completed success tool=mcp__tracker__search uncaptured=["result: not told"] after=10',
      'data_accessed success tool=mcp__tracker__search after=11',
      'approval_decided denied tool=Write',
      'model_invoked model=claude-opus-4-8 uncaptured=["request: not told"] content=request',
      'agent_failed error model=claude-opus-4-8 content=circumstances+error after=14',
      'agent_failed error model=claude-opus-4-8',
    ],
  ],
]

describe('telemetry tells the story that happened', () => {
  for (const [name, story] of STORIES) {
    test(name, async (t) => {
      const ledger = await newLedger(t)
      const receiver = newReceiver(t, ledger)
      const signal = name.endsWith('-logs') ? 'logs' : 'traces'
      await receiver.receive({ body: ownBody(`${name}.json`), signal, encoding: 'json' })
      await receiver.tellWaiting('all')
      assert.deepEqual(await storyOf(ledger), story)
    })
  }

  const bodies = capturedBodies('otlp-openinference-langchain-')
  test('of a run of LangGraph', { skip: bodies === undefined && NO_CAPTURED_BODIES }, async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    for (const { protobuf: body, signal } of bodies ?? [])
      await receiver.receive({ body, signal, encoding: 'protobuf' })
    const tokens = 'tokens={"cached_input":4,"input":21,"output":9,"reasoning":2}'
    assert.deepEqual(await storyOf(ledger), [
      'conversation_started',
      'user_message_received success characters=8 content=message',
      'model_invoked model=gpt-mock content=request after=1',
      `agent_response_generated success model=gpt-mock ${tokens} tools_requested=["get_weather","get_weather"] characters=0 content=response+circumstances after=2`,
      'model_invoked model=gpt-mock content=request after=1',
      `agent_response_generated success model=gpt-mock ${tokens} characters=30 content=answer+circumstances after=4`,
      'tool_invoked tool=get_weather content=arguments after=3',
      'tool_completed success tool=get_weather content=result after=6',
      'data_accessed success tool=get_weather after=7',
      'tool_invoked tool=get_weather content=arguments after=3',
      'tool_completed success tool=get_weather content=result after=9',
      'data_accessed success tool=get_weather after=10',
    ])
    assert.deepEqual(new Set((await recordsIn(ledger)).map(({ conversation_id }) => conversation_id)), new Set(['s-9']))
  })
})

describe('what an emitter tells of one request in several events', () => {
  const whole = JSON.parse(Buffer.from(ownBody('claude-code-logs.json')).toString())
  const only = (isTold: (event: string) => boolean): Request => {
    const [{ resource, scopeLogs }] = whole.resourceLogs
    const [{ scope, logRecords }] = scopeLogs
    const told = logRecords.filter(({ body }: { body: { stringValue: string } }) => isTold(body.stringValue))
    const resourceLogs = [{ resource, scopeLogs: [{ scope, logRecords: told }] }]
    return { body: Buffer.from(JSON.stringify({ resourceLogs })), signal: 'logs', encoding: 'json' }
  }
  const answer = only((event) => event === 'claude_code.assistant_response')
  const request = only((event) => event === 'claude_code.api_request')
  const TOKENS = 'tokens={"cache_write":240,"cached_input":1800,"input":2052,"output":85}'

  test('is one call, whichever comes first', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiver.receive(answer)
    await receiver.receive(request)
    await receiver.tellWaiting('all')
    assert.deepEqual((await storyOf(ledger)).slice(2), [
      'model_invoked model=claude-opus-4-8 uncaptured=["request: not told"] content=request',
      `agent_response_generated success model=claude-opus-4-8 ${TOKENS} characters=18 content=answer+circumstances after=2`,
    ])
  })

  test('is told beside the call where that is on record', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiver.receive(request)
    await receiver.receive(answer)
    await receiver.tellWaiting('all')
    const answers = (await storyOf(ledger)).filter((line) => line.startsWith('agent_response_generated'))
    assert.equal(answers.length, 2)
    assert.ok(answers[0]?.includes(TOKENS))
    assert.ok(answers[1]?.includes('beside=supplement content=answer'), answers[1])
  })

  test('has its cost as the emitter reckons it, and how long it took', async (t) => {
    const ledger = await newLedger(t)
    await newReceiver(t, ledger).receive(request)
    const { details } = (await recordsIn(ledger)).find(({ action }) => action === 'agent_response_generated') ?? {}
    assert.deepEqual([details?.cost_usd, details?.duration_ms], [0.0125, 2050])
  })
})

describe('a call that a framework and the client below it both tell of', () => {
  const attribute = (key: string, value: string | number) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  })
  const at = (spanId: string, parentSpanId: string, attributes: Readonly<Record<string, string | number>>) => ({
    traceId: '3333333333333333333333333333dddd',
    ...{ spanId, parentSpanId, kind: 3, startTimeUnixNano: '1795000000000000000' },
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  })
  const framework = at('00000000000000d1', '', {
    'openinference.span.kind': 'LLM',
    'llm.model_name': 'gpt-5',
    'llm.input_messages.0.message.role': 'user',
    'llm.input_messages.0.message.content': 'hello',
    'llm.token_count.prompt': 7,
  })
  const http = at('00000000000000d2', '00000000000000d1', { 'http.request.method': 'POST' })
  const client = at('00000000000000d3', '00000000000000d2', {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-5',
    'gen_ai.usage.input_tokens': 7,
  })
  const requestOf = (...spans: readonly object[]): Request => ({
    body: Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })),
    ...{ signal: 'traces', encoding: 'json' },
  })

  for (const [how, requests] of [
    ['in one request', [requestOf(framework, http, client)]],
    ['each in its own, as they end', [requestOf(client), requestOf(http), requestOf(framework)]],
  ] as const) {
    test(`has its tokens once: ${how}`, async (t) => {
      const ledger = await newLedger(t)
      const receiver = newReceiver(t, ledger)
      for (const request of requests) await receiver.receive(request)
      const answers = (await recordsIn(ledger)).filter(({ action }) => action === 'agent_response_generated')
      const told = answers.map(({ details }) => [details?.dialect, details?.layer, details?.tokens])
      assert.deepEqual(
        new Set(told),
        new Set([
          ['openinference', 'framework', undefined],
          ['gen_ai', 'model', { input: 7 }],
        ]),
      )
      assert.equal(answers.length, 2)
    })
  }
})

test('what an application hides of messages is on record as said, and as hidden', async (t) => {
  const ledger = await newLedger(t)
  const text = Buffer.from(ownBody('openinference-clinic-traces.json')).toString()
  const hidden = [
    /When is my next appointment\?/g,
    /One appointment is found\./g,
    /On 12 January at 9:30, with Dr\. Osei\./g,
  ]
  const body = Buffer.from(hidden.reduce((all, words) => all.replaceAll(words, '__REDACTED__'), text))
  await newReceiver(t, ledger).receive({ body, signal: 'traces', encoding: 'json' })
  const story = await storyOf(ledger)
  const [heard, ...others] = story.filter((line) => line.startsWith('user_message_received'))
  assert.equal(heard, 'user_message_received success uncaptured=["message: hidden by the emitter"]')
  assert.deepEqual(others, [])
  const answer = story.findLast((line) => line.startsWith('agent_response_generated'))
  assert.match(answer ?? '', /uncaptured=\["answer: hidden by the emitter"\]/)
  assert.doesNotMatch(answer ?? '', /characters=/)
})

test('messages that no span holds together are told each by itself', async (t) => {
  const ledger = await newLedger(t)
  const receiver = newReceiver(t, ledger)
  const said = (session: string, content: string) => ({
    eventName: 'gen_ai.user.message',
    body: { kvlistValue: { values: [{ key: 'content', value: { stringValue: content } }] } },
    attributes: [{ key: 'session.id', value: { stringValue: session } }],
  })
  const logRecords = [said('one', 'mine'), said('other', 'not mine')]
  const body = Buffer.from(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }))
  await receiver.receive({ body, signal: 'logs', encoding: 'json' })
  await receiver.tellWaiting('all')
  const heard = (await recordsIn(ledger)).filter(({ action }) => action === 'user_message_received')
  assert.deepEqual(
    new Set(heard.map(({ conversation_id, details }) => `${conversation_id} ${details?.characters}`)),
    new Set(['one 4', 'other 8']),
  )
})

/** What was said, asked, found and answered, and why something failed. */
const CONTENTS = [
  ...[
    'my next appointment',
    'You book appointments',
    'Dr. Osei',
    'One appointment is found',
    'to bring to dermatology',
  ],
  ...[
    'insurance card',
    'Parking is free',
    'no such appointment',
    'Appointments of a patient',
    'no_diagnosis',
    'passed',
  ],
  ...[
    'You review contracts',
    'May the tenant sublet',
    'No subletting',
    'landlord',
    'lease-4',
    'disk full',
    'Clauses of',
  ],
  ...['Why does the build fail', 'I run the build', 'npm run build', 'exit code 2', 'build fails', 'Overloaded'],
]

test('no text of a message, an argument, a result or an error stands in a record but as content', async (t) => {
  const ledger = await newLedger(t)
  const receiver = newReceiver(t, ledger)
  const bodies = ['openinference-clinic-traces', 'traceloop-contract-traces', 'claude-code-logs']
  const sent = bodies.map((name) => Buffer.from(ownBody(`${name}.json`)))
  for (const [i, body] of sent.entries()) {
    await receiver.receive({ body, signal: i === 2 ? 'logs' : 'traces', encoding: 'json' })
  }
  await receiver.tellWaiting('all')
  const readable = JSON.stringify(await recordsIn(ledger))
  for (const text of CONTENTS) {
    assert.ok(
      sent.some((body) => body.includes(text)),
      `${text} was not sent`,
    )
    assert.ok(!readable.includes(text), `${text} stands in a record`)
  }
})

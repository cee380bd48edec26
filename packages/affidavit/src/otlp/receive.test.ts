import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { capturedBodies, NO_CAPTURED_BODIES, ownBody } from '../../test/otlp-bodies.ts'
import { readContent } from '../../test/read-content.ts'
import { newLedger, newReceiver, receiverThatDies, recordsIn, storyOf } from '../../test/telemetry-stories.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { OtlpFault } from './fault.ts'
import type { Request } from './receipt.ts'
import type { Receiver } from './receive.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

function bodyOf(name: string): Request {
  return { body: ownBody(`${name}.json`), signal: name.includes('-logs') ? 'logs' : 'traces', encoding: 'json' }
}

async function receiveAll(receiver: Receiver, ...names: readonly string[]): Promise<void> {
  for (const name of names) await receiver.receive(bodyOf(name))
}

/** The body with another text in the place of each. */
function changed({ body, ...request }: Request, ...pairs: readonly (readonly [string, string])[]): Request {
  const text = pairs.reduce((all, [from, to]) => {
    assert.ok(all.includes(from), from)
    return all.replaceAll(from, to)
  }, Buffer.from(body).toString())
  return { ...request, body: Buffer.from(text) }
}

const CALLS_OF_1_36 = [
  'conversation_started',
  'prompt_changed resource=ward-helper content=prompt',
  'model_changed model=gpt-5 resource=ward-helper',
  'user_message_received success characters=31 content=message',
  'model_invoked model=gpt-5 content=request after=3',
  'agent_response_generated success model=gpt-5 tokens={"input":30,"output":7} tools_requested=["lookup_lab"] characters=0 content=response+circumstances after=4',
  'model_invoked model=gpt-5 content=request after=3',
  'agent_response_generated success model=gpt-5 tokens={"input":30,"output":7} characters=32 content=answer+circumstances after=6',
]
const VISIT = [
  'conversation_started',
  'prompt_changed resource=ward-helper content=prompt',
  'model_changed model=claude-5 resource=ward-helper',
  'user_message_received success characters=31 content=message',
  'model_invoked model=claude-5 content=request after=3',
  'agent_response_generated success model=claude-5 tokens={"cache_write":2,"cached_input":10,"input":30,"output":7} tools_requested=["lookup_lab"] characters=0 content=response+circumstances after=4',
  'tool_invoked tool=lookup_lab content=arguments after=5',
  'tool_completed success tool=lookup_lab content=result after=6',
  'data_accessed success tool=lookup_lab after=7',
  'tool_invoked tool=retrieval resource=token content=arguments',
  'data_accessed success tool=retrieval resource=token content=result after=9',
  'model_invoked model=claude-5 content=request after=3',
  'agent_response_generated success model=claude-5 tokens={"cache_write":2,"cached_input":10,"input":50,"output":12} characters=32 content=answer+circumstances after=11',
  'tool_invoked tool=upsert_memory resource=token',
  'data_modified success tool=upsert_memory resource=token after=13',
]
const LEGACY = [
  'conversation_started',
  'prompt_changed resource=ward-helper content=prompt',
  'model_changed model=gpt-5 resource=ward-helper',
  'user_message_received success characters=31 content=message',
  'model_invoked model=gpt-5 content=request after=3',
  'agent_response_generated success model=gpt-5 tokens={"input":30,"output":7} tools_requested=["lookup_lab"] characters=0 content=response+circumstances after=4',
  'tool_invoked tool=lookup_lab content=arguments after=5',
  'tool_completed denied tool=lookup_lab content=result after=6',
  'access_denied denied tool=lookup_lab after=7',
  'model_invoked model=gpt-5 content=request after=3',
  'agent_response_generated success model=gpt-5 tokens={"input":30,"output":7} characters=32 content=answer+circumstances after=9',
]

describe('telemetry tells the story that happened', () => {
  const stories: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['messages as logs, until 1.36', ['gen-ai-1.36-logs', 'gen-ai-1.36-traces'], CALLS_OF_1_36],
    [
      'details of a call as logs, since 1.37',
      ['gen-ai-details-logs', 'gen-ai-details-traces'],
      [
        'conversation_started',
        'prompt_changed resource=ward-helper content=prompt',
        'model_changed model=gpt-5 resource=ward-helper',
        'user_message_received success characters=31 content=message',
        'model_invoked model=gpt-5 content=request after=3',
        'agent_response_generated success model=gpt-5 tokens={"input":30,"output":7} characters=32 content=answer after=4',
      ],
    ],
    ['an agent with a tool by MCP, a retrieval and a memory', ['gen-ai-latest-traces'], VISIT],
    ['the AI SDK before 7, and a tool that denies', ['ai-sdk-legacy-traces'], LEGACY],
  ]
  for (const [what, names, story] of stories) {
    test(what, async (t) => {
      const ledger = await newLedger(t)
      await receiveAll(newReceiver(t, ledger), ...names)
      assert.deepEqual(await storyOf(ledger), story)
    })
  }

  test('of who, in which conversation, on whose behalf, from where and when', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(newReceiver(t, ledger), 'gen-ai-latest-traces')
    const records = await recordsIn(ledger)
    const answer = records.findLast(({ action }) => action === 'agent_response_generated')
    assert.ok(answer !== undefined)
    const { agent_name, agent_version, conversation_id, source, timestamp, assurance } = answer
    assert.deepEqual([agent_name, agent_version, conversation_id], ['ward-helper', '3', 'visit-7'])
    assert.deepEqual(source, {
      host: 'ward-3',
      service: 'ward-service',
      span_id: '00000000000000c6',
      trace_id: '3333333333333333333333333333cccc',
    })
    assert.deepEqual([timestamp, assurance], ['2026-11-18T11:06:40.140Z', 'observed'])
    assert.ok(records.every((record) => record.assurance === 'observed'))
  })
})

describe('what is told of one call in several requests is one call', () => {
  test('logs that come after their span are told beside it, and its tokens once', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiveAll(receiver, 'gen-ai-1.36-traces', 'gen-ai-1.36-logs')
    await receiver.tellWaiting('all')
    const story = await storyOf(ledger)
    const answers = story.filter((line) => line.startsWith('agent_response_generated'))
    assert.equal(answers.filter((line) => line.includes('beside=supplement')).length, 2)
    assert.equal(answers.filter((line) => line.includes('tokens=')).length, 2)
    assert.equal(story.filter((line) => line.startsWith('user_message_received')).length, 1)
  })

  test('logs whose span never comes are told when they have waited', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiveAll(receiver, 'gen-ai-1.36-logs')
    assert.deepEqual(await storyOf(ledger), [])
    await receiver.tellWaiting('overdue')
    assert.deepEqual(await storyOf(ledger), [])
    await receiver.tellWaiting('all')
    const story = await storyOf(ledger)
    assert.deepEqual(
      story.filter((line) => !line.startsWith('prompt_changed')).map((line) => line.split(' ')[0]),
      [
        'conversation_started',
        'user_message_received',
        'model_invoked',
        'agent_response_generated',
        'model_invoked',
        'agent_response_generated',
      ],
    )
    await receiveAll(receiver, 'gen-ai-1.36-traces')
    assert.equal((await storyOf(ledger)).filter((line) => line.includes('tokens=')).length, 2)
  })
})

describe('what waits when a process dies', () => {
  test('is told with its call by the next one', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(receiverThatDies(ledger), 'gen-ai-1.36-logs')
    await receiveAll(newReceiver(t, ledger), 'gen-ai-1.36-traces')
    assert.deepEqual(await storyOf(ledger), CALLS_OF_1_36)
  })

  test('is told with its call by the next one, however much later that begins', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(receiverThatDies(ledger), 'gen-ai-1.36-logs')
    await receiveAll(newReceiver(t, ledger, fixedClock(Date.now() + 7_200_000)), 'gen-ai-1.36-traces')
    assert.deepEqual(await storyOf(ledger), CALLS_OF_1_36)
  })

  test('and is damaged keeps nothing else from being received', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(receiverThatDies(ledger), 'gen-ai-1.36-logs')
    const store = Object.assign(Object.create(ledger.archival.store), { payload: async () => undefined })
    const damaged = { ...ledger, archival: { ...ledger.archival, store } }
    await receiveAll(newReceiver(t, damaged), 'gen-ai-1.36-traces')
    assert.equal((await storyOf(ledger)).filter((line) => line.includes('tokens=')).length, 2)
  })

  test('is told once, whoever told it', async (t) => {
    const ledger = await newLedger(t)
    const [first, second] = [newReceiver(t, ledger), newReceiver(t, ledger)]
    await receiveAll(first, 'gen-ai-1.36-logs')
    await receiveAll(second, 'gen-ai-latest-traces')
    await receiveAll(first, 'gen-ai-1.36-traces')
    const { size } = await ledger.health()
    await second.tellWaiting('all')
    const third = newReceiver(t, ledger)
    await receiveAll(third, 'gen-ai-latest-traces')
    await third.tellWaiting('all')
    assert.equal((await ledger.health()).size, size)
  })
})

describe('a request that is sent again adds nothing', () => {
  const names = ['gen-ai-1.36-logs', 'gen-ai-1.36-traces', 'gen-ai-latest-traces', 'ai-sdk-legacy-traces']

  test('to the same receiver, and to one that began anew', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiveAll(receiver, ...names)
    const { size } = await ledger.health()
    await receiveAll(receiver, ...names)
    await receiveAll(newReceiver(t, ledger), ...names)
    await receiver.tellWaiting('all')
    assert.equal((await ledger.health()).size, size)
  })

  test('at the same time', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await Promise.all(Array.from({ length: 5 }, () => receiveAll(receiver, 'gen-ai-latest-traces')))
    assert.deepEqual(await storyOf(ledger), VISIT)
  })

  test('by another exporter, in other batches and with other resources', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiveAll(receiver, 'gen-ai-latest-traces')
    await receiver.receive(changed(bodyOf('gen-ai-latest-traces'), ['ward-3', 'collector-1']))
    assert.deepEqual(await storyOf(ledger), VISIT)
  })

  test('wherever the ledger stopped the first time', async (t) => {
    for (let taken = 0; taken <= VISIT.length; taken += 3) {
      const ledger = await newLedger(t)
      await assert.rejects(newReceiver(t, stopping(ledger, taken)).receive(bodyOf('gen-ai-latest-traces')), LedgerError)
      await receiveAll(newReceiver(t, ledger), 'gen-ai-latest-traces')
      assert.deepEqual((await storyOf(ledger)).toSorted().map(withoutPlace), VISIT.toSorted().map(withoutPlace))
    }
  })
})

function withoutPlace(line: string): string {
  return line.replace(/ after=\d+$/, '')
}

/** It takes so many records, and then none. */
function stopping(ledger: Ledger, taken: number): TelemetryLedger {
  let left = taken
  return {
    ...ledger,
    async appendMany(drafts) {
      const outcomes = []
      for await (const draft of drafts) {
        if (left-- > 0) outcomes.push(...(await ledger.appendMany([draft])))
        else
          outcomes.push({
            state: 'refused',
            error: new LedgerError('not-committed', { problem: 'the disk is full' }),
          } as const)
      }
      return outcomes
    },
  }
}

describe('what differs under the same ids is kept too', () => {
  test('another answer of the same span stands beside the first, and its tokens are not counted', async (t) => {
    const ledger = await newLedger(t)
    const receiver = newReceiver(t, ledger)
    await receiveAll(receiver, 'gen-ai-latest-traces')
    await receiver.receive(changed(bodyOf('gen-ai-latest-traces'), ['Yes: 4.1 mmol/l', 'Yes: 5.9 mmol/l']))
    const story = await storyOf(ledger)
    assert.deepEqual(story.slice(0, VISIT.length), VISIT)
    assert.deepEqual(story.slice(VISIT.length), [
      'model_invoked model=claude-5 conflict=true content=request after=3',
      'agent_response_generated success model=claude-5 characters=32 conflict=true content=answer+circumstances after=15',
    ])
    await receiver.receive(changed(bodyOf('gen-ai-latest-traces'), ['Yes: 4.1 mmol/l', 'Yes: 5.9 mmol/l']))
    assert.equal((await storyOf(ledger)).length, story.length)
  })
})

describe('what is refused for good is on record, and the rest is taken', () => {
  test('one bad item', async (t) => {
    const ledger = await newLedger(t)
    const request = changed(bodyOf('gen-ai-latest-traces'), ['"spanId": "00000000000000c7"', '"spanId": "c7"'])
    const answer = await newReceiver(t, ledger).receive(request)
    assert.deepEqual([answer.accepted, answer.rejected], [6, 1])
    assert.match(answer.message, /spans\[5\]\.spanId: must be 16 hex digits/)
    assert.deepEqual(await storyOf(ledger), VISIT.slice(0, -2))
    const refusals = (await recordsIn(ledger)).filter(({ outcome }) => outcome === 'denied')
    assert.deepEqual(
      refusals.map(({ action, details }) => [action, details?.refused]),
      [['telemetry_received', 1]],
    )
    await newReceiver(t, ledger).receive(request)
    assert.equal((await recordsIn(ledger)).filter(({ outcome }) => outcome === 'denied').length, 1)
  })

  test('a body that is no telemetry', async (t) => {
    const ledger = await newLedger(t)
    const request: Request = { body: Buffer.from('{"resourceSpans": 7}'), signal: 'traces', encoding: 'json' }
    await assert.rejects(newReceiver(t, ledger).receive(request), OtlpFault)
    const [record] = await recordsIn(ledger)
    assert.deepEqual([record?.action, record?.outcome], ['telemetry_received', 'denied'])
  })
})

describe('contents', () => {
  const names = ['gen-ai-1.36-logs', 'gen-ai-1.36-traces', 'gen-ai-latest-traces', 'ai-sdk-legacy-traces']

  test('no text of a message, an argument or a result stands in a record', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(newReceiver(t, ledger), ...names)
    let entries = 0
    for await (const { entry } of ledger.entries({ from_seq: 1 })) {
      entries++
      const text = Buffer.from(entry).toString()
      for (const said of ['potassium', 'of bed 4', 'help the ward', '4.1 mmol', 'forbidden'])
        assert.ok(!text.includes(said), text)
    }
    assert.ok(entries > 30)
  })

  test('what came can be read again, byte for byte, and what was said word for word', async (t) => {
    const ledger = await newLedger(t)
    await receiveAll(newReceiver(t, ledger), 'gen-ai-latest-traces')
    const records = await recordsIn(ledger)
    const receipt = records.find(({ action }) => action === 'telemetry_received')
    assert.deepEqual(receipt?.conversation_id, 'visit-7')
    assert.deepEqual(await readContent(ledger, receipt, 'telemetry'), ownBody('gen-ai-latest-traces.json').toString())
    const message = records.find(({ action }) => action === 'user_message_received')
    assert.equal(await readContent(ledger, message, 'message'), 'Is the potassium of bed 4 back?')
    const answer = records.findLast(({ action }) => action === 'agent_response_generated')
    assert.equal(await readContent(ledger, answer, 'answer'), 'Yes: 4.1 mmol/l, taken at 06:30.')
  })

  test('what an emitter cut off or hid is said to be missing', async (t) => {
    const ledger = await newLedger(t)
    await newReceiver(t, ledger).receive(
      changed(
        bodyOf('gen-ai-latest-traces'),
        [String.raw`{\"potassium\":4.1}"`, '__REDACTED__"'],
        [String.raw`{\"bed\":4}"`, String.raw`{\"bed\":"`],
      ),
    )
    const story = await storyOf(ledger)
    assert.ok(
      story.includes(
        'tool_invoked tool=lookup_lab uncaptured=["arguments: cut off at the emitter"] content=arguments after=5',
      ),
    )
    assert.ok(
      story.includes('tool_completed success tool=lookup_lab uncaptured=["result: hidden by the emitter"] after=6'),
    )
  })

  test('a request of several conversations is sealed with each of them', async (t) => {
    const ledger = await newLedger(t)
    const [one, other] = [bodyOf('gen-ai-latest-traces'), bodyOf('ai-sdk-legacy-traces')]
    const resourceSpans = [one, other].flatMap(({ body }) => JSON.parse(Buffer.from(body).toString()).resourceSpans)
    await newReceiver(t, ledger).receive({ ...one, body: Buffer.from(JSON.stringify({ resourceSpans })) })
    const receipts = (await recordsIn(ledger)).filter(({ action }) => action === 'telemetry_received')
    assert.deepEqual(
      receipts.map(({ conversation_id }) => conversation_id),
      ['visit-7', 'visit-8'],
    )
    const [first] = receipts
    const kept = JSON.parse(await readContent(ledger, first, 'telemetry'))
    assert.deepEqual(kept, JSON.parse(Buffer.from(one.body).toString()))
  })
})

describe('bodies of real instrumentations tell what their programs did', () => {
  const skip = capturedBodies('otlp-') === undefined && NO_CAPTURED_BODIES

  async function told(receiver: Receiver, prefix: string, encoding: 'json' | 'protobuf'): Promise<void> {
    for (const body of capturedBodies(prefix) ?? []) {
      const answer = await receiver.receive({ body: body[encoding], signal: body.signal, encoding })
      assert.equal(answer.rejected, 0, body.name)
    }
  }

  for (const encoding of ['json', 'protobuf'] as const) {
    test(`AI SDK 7, ${encoding}: a question, two calls of a model, two of a tool`, { skip }, async (t) => {
      const ledger = await newLedger(t)
      await told(newReceiver(t, ledger), 'otlp-aisdk', encoding)
      const story = (await storyOf(ledger)).map((line) => line.replace(/ after=.*/, '')).toSorted()
      assert.deepEqual(story, [
        'agent_response_generated success model=gpt-mock tokens={"cached_input":4,"input":21,"output":9} characters=30 content=answer+circumstances',
        'agent_response_generated success model=gpt-mock tokens={"cached_input":4,"input":21,"output":9} tools_requested=["get_weather","get_weather"] characters=0 content=response+circumstances',
        'conversation_started',
        'data_accessed success tool=get_weather',
        'data_accessed success tool=get_weather',
        'model_invoked model=gpt-mock content=request',
        'model_invoked model=gpt-mock content=request',
        'tool_completed success tool=get_weather content=result',
        'tool_completed success tool=get_weather content=result',
        'tool_invoked tool=get_weather content=arguments',
        'tool_invoked tool=get_weather content=arguments',
        'user_message_received success characters=26 content=message',
      ])
    })

    test(`instrumentation-openai, ${encoding}: three answers and a failure, each in a trace of its own`, {
      skip,
    }, async (t) => {
      const ledger = await newLedger(t)
      const receiver = newReceiver(t, ledger)
      await told(receiver, 'otlp-openai6', encoding)
      await receiver.tellWaiting('all')
      const story = (await storyOf(ledger)).map((line) => line.replace(/ after=.*/, '')).toSorted()
      assert.deepEqual(
        story.filter((line) => !/^(prompt|model)_changed|^conversation_started/.test(line)),
        [
          'agent_failed error model=m-400 content=error',
          'agent_response_generated success model=gpt-mock tokens={"input":21,"output":9} characters=30 content=answer+circumstances',
          'agent_response_generated success model=gpt-mock tokens={"input":21,"output":9} tools_requested=["get_weather","get_weather"] characters=0 content=response+circumstances',
          'agent_response_generated success model=gpt-mock tokens={"input":21,"output":9} tools_requested=["get_weather","get_weather"] characters=0 content=response+circumstances',
          'model_invoked model=gpt-mock content=request',
          'model_invoked model=gpt-mock content=request',
          'model_invoked model=gpt-mock content=request',
          'model_invoked model=m-400 content=request',
          'user_message_received success characters=2 content=message',
          'user_message_received success characters=26 content=message',
        ],
      )
    })
  }
})

test('emitters of one conversation that send at the same time conflict with nobody', async (t) => {
  const ledger = await newLedger(t)
  const receiver = newReceiver(t, ledger)
  const spans = ['e1', 'e2', 'e3', 'e4'].map((id) =>
    changed(bodyOf('gen-ai-details-traces'), ['00000000000000b1', `00000000000000${id}`]),
  )
  await Promise.all(spans.map((request) => receiver.receive(request)))
  const actions = (await recordsIn(ledger)).map(({ action }) => action)
  assert.deepEqual(
    actions.filter((action) => action === 'append_conflicted'),
    [],
  )
  assert.equal(actions.filter((action) => action === 'model_invoked').length, 4)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  ADDRESS,
  answering,
  asking,
  digest,
  draftsOf,
  middleOf,
  ORIGIN,
  pick,
  QUESTION,
} from '../../test/chat-drafts.ts'
import { type ChatLine, type ChatMessage, chatLine, naiveCounts, textsIn } from '../../test/chats.ts'
import { canonicalJson, ENTRY_JSON, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { parseDraft } from '../formats/draft.ts'
import { type Draft, MAX_DRAFT_BYTES } from '../formats/fields.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import { parseChatLine } from './chat-line.ts'
import { createPromptHistory } from './prompt-version.ts'
import { conversationKey, recordId } from './record-id.ts'

test('one question, one read and one answer become these records, byte for byte', () => {
  const drafts = draftsOf({
    ...ADDRESS,
    messages: [
      { role: 'system', content: 'Be exact.', user: 'it-lead-01', created_at: '2026-03-09T08:52:10Z' },
      { ...QUESTION, created_at: '2026-03-09T08:52:14Z' },
      { ...asking(['get_chart', { patient: 'PT-20417' }]), created_at: '2026-03-09T08:52:16Z' },
      { ...answering('{"problems":[]}'), created_at: '2026-03-09T08:52:17Z' },
      { role: 'assistant', content: 'No problems 👍' },
    ],
  })
  const prompt_version = digest('{"instructions":[{"content":"Be exact.","role":"system"}],"tools":[]}')
  const id = (position: string): string => recordId(ORIGIN, { kind: 'id', id: 'c-1' }, position)
  const common = { conversation_id: 'c-1', assurance: 'imported' }
  const floor = { data_classification: 'internal', compliance_domains: ['gdpr'] }
  const ofTheCall = {
    data_classification: 'restricted',
    compliance_domains: ['gdpr', 'hipaa'],
    subject_ids: ['PT-20417'],
  }
  const agent = {
    actor_id: 'larkspur-assistant',
    actor_type: 'agent',
    on_behalf_of: 'nurse-11',
    agent_name: 'larkspur-assistant',
    ...common,
  }
  assert.deepEqual(drafts, [
    {
      id: id('start'),
      timestamp: '2026-03-09T08:52:10.000Z',
      action: 'conversation_started',
      ...agent,
      ...floor,
      prompt_version,
      details: { format: 'openai-chat' },
    },
    {
      id: id('0.prompt'),
      timestamp: '2026-03-09T08:52:10.000Z',
      action: 'prompt_changed',
      outcome: 'success',
      actor_id: 'it-lead-01',
      actor_type: 'admin',
      agent_name: 'larkspur-assistant',
      ...common,
      ...floor,
      parent_id: id('start'),
      prompt_version,
      content: [
        {
          name: 'instructions',
          media_type: 'application/json',
          body: '[{"content":"Be exact.","role":"system"}]',
        },
      ],
      details: { roles: ['system'], messages: 1, characters: 9, bytes: 9 },
    },
    {
      id: id('1.message'),
      timestamp: '2026-03-09T08:52:14.000Z',
      action: 'user_message_received',
      outcome: 'success',
      actor_id: 'nurse-11',
      actor_type: 'user',
      agent_name: 'larkspur-assistant',
      ...common,
      ...floor,
      parent_id: id('start'),
      content: [{ name: 'message', media_type: 'text/plain', body: 'Please open the chart.' }],
      details: { role: 'user', message_index: 1, characters: 22, bytes: 22 },
    },
    {
      id: id('2.call.0'),
      timestamp: '2026-03-09T08:52:16.000Z',
      action: 'tool_invoked',
      ...agent,
      ...ofTheCall,
      parent_id: id('1.message'),
      prompt_version,
      content: [{ name: 'arguments', media_type: 'application/json', body: '{"patient":"PT-20417"}' }],
      details: {
        message_index: 2,
        call_index: 0,
        tool: 'get_chart',
        call_id: 'call_1',
        characters: 22,
        bytes: 22,
        argument_count: 1,
      },
    },
    {
      id: id('3.result'),
      timestamp: '2026-03-09T08:52:17.000Z',
      action: 'tool_completed',
      outcome: 'success',
      ...agent,
      ...ofTheCall,
      parent_id: id('2.call.0'),
      content: [{ name: 'result', media_type: 'application/json', body: '{"problems":[]}' }],
      details: {
        role: 'tool',
        message_index: 3,
        tool: 'get_chart',
        call_id: 'call_1',
        characters: 15,
        bytes: 15,
      },
    },
    {
      id: id('3.data'),
      timestamp: '2026-03-09T08:52:17.000Z',
      action: 'data_accessed',
      outcome: 'success',
      ...agent,
      ...ofTheCall,
      parent_id: id('3.result'),
      resource_type: 'patient_record',
      resource_id: 'PT-20417',
      details: { message_index: 3, tool: 'get_chart', call_id: 'call_1' },
    },
    {
      id: id('4.message'),
      action: 'agent_response_generated',
      outcome: 'success',
      ...agent,
      ...floor,
      parent_id: id('1.message'),
      prompt_version,
      content: [{ name: 'message', media_type: 'text/plain', body: 'No problems 👍' }],
      details: {
        role: 'assistant',
        message_index: 4,
        characters: 13,
        bytes: 16,
        tool_calls: 0,
        timestamp_unclaimed: true,
      },
    },
    {
      id: id('end.5'),
      action: 'conversation_ended',
      ...agent,
      ...floor,
      parent_id: id('start'),
      details: { messages: 5, unanswered_calls: 0, unread_members: 0, timestamp_unclaimed: true },
    },
  ])
})

test('ids are these: they stay the same in every version', () => {
  const ids = (line: ChatLine): unknown[] => draftsOf(line).map(({ id }) => id)
  assert.deepEqual(ids({ id: 'c-1', messages: [QUESTION] }), [
    'ee6a0b55-c7d5-82d7-bd82-32dd94ffb8c7',
    '9648d282-2977-800a-8405-616c25d7f2a7',
    '7ae92b5c-3163-8cbb-bfcf-c8016303813e',
  ])
  assert.deepEqual(ids({ messages: [QUESTION] }), [
    'ede9a93a-0401-8ff2-87b7-82b0cff5db6f',
    '9de74479-9b88-81f6-909c-fac262bd571f',
    'ea69d1fb-856e-8d9b-b1ce-e017958ccf5f',
  ])
})

test('a conversation without an id is known by file and line, packed or not, wherever the file lies', () => {
  assert.deepEqual(draftsOf({ messages: [QUESTION] })[0]?.conversation_id, 'chats.jsonl#1')
  assert.deepEqual(conversationKey(undefined, 'chats.jsonl.gz', 3), conversationKey(undefined, 'chats.jsonl', 3))
  assert.deepEqual(conversationKey(undefined, 'Ame\u0301lie', 1), conversationKey(undefined, 'Am\u00e9lie', 1))
  for (const file of ['a\nb.jsonl', `${'x'.repeat(255)}.jsonl`]) {
    assert.throws(() => conversationKey(undefined, file, 1), { name: 'ImportFault', path: 'id' })
  }
})

test('nobody named: users and agents are unknown, and said to be', () => {
  const drafts = draftsOf({
    messages: [{ role: 'system', content: 'Hi.' }, QUESTION, { role: 'assistant', content: 'Yes.' }],
  })
  const claims = [
    'actor_id',
    'on_behalf_of',
    'agent_unclaimed',
    'user_unclaimed',
    'author_unclaimed',
    'timestamp_unclaimed',
  ]
  assert.deepEqual(pick(drafts, ...claims), [
    { action: 'conversation_started', actor_id: 'unknown-agent', agent_unclaimed: true, timestamp_unclaimed: true },
    { action: 'prompt_changed', actor_id: 'unknown-author', author_unclaimed: true, timestamp_unclaimed: true },
    { action: 'user_message_received', actor_id: 'unknown-user', user_unclaimed: true, timestamp_unclaimed: true },
    { action: 'agent_response_generated', actor_id: 'unknown-agent', timestamp_unclaimed: true },
    { action: 'conversation_ended', actor_id: 'unknown-agent', timestamp_unclaimed: true },
  ])
})

test('the model stands in for an agent without a name, and each message may have a user of its own', () => {
  const line = {
    model: 'example-chat-1',
    user: 'nurse-11',
    messages: [
      QUESTION,
      { role: 'assistant', content: 'Yes.' },
      { ...QUESTION, user: 'nurse-07' },
      { role: 'assistant', content: 'No.' },
    ],
  }
  assert.deepEqual(pick(draftsOf(line), 'actor_id', 'on_behalf_of', 'agent_name', 'model').slice(1, -1), [
    { action: 'user_message_received', actor_id: 'nurse-11' },
    {
      action: 'agent_response_generated',
      actor_id: 'example-chat-1',
      on_behalf_of: 'nurse-11',
      model: 'example-chat-1',
    },
    { action: 'user_message_received', actor_id: 'nurse-07' },
    {
      action: 'agent_response_generated',
      actor_id: 'example-chat-1',
      on_behalf_of: 'nurse-07',
      model: 'example-chat-1',
    },
  ])
})

const RESULTS: readonly [name: string, content: unknown, outcome: string][] = [
  ['plain words', 'The chart is open.', 'success'],
  ['a word that only begins like error', 'Errors: none', 'success'],
  ['an error in the middle', 'There was no error', 'success'],
  ['text that begins with Error', '  Error: reservation not found', 'error'],
  ['text that begins with ERROR', 'ERROR 500', 'error'],
  ['an object with an error', { error: 'not found' }, 'error'],
  ['an object with an error object', { error: { message: 'x' } }, 'error'],
  ['an object whose status is error', { status: 'error' }, 'error'],
  ['an object with is_error', { is_error: true }, 'error'],
  ['an object that says no error', { error: null, is_error: false, status: 'ok' }, 'success'],
  ['an object with an empty error', { error: '' }, 'success'],
  ['an object with error 0', { error: 0 }, 'success'],
  ['an object that is denied', { denied: true }, 'denied'],
  ['an object that is not denied', { denied: false }, 'success'],
  ['a denial that comes as an error', { denied: true, error: 'no' }, 'denied'],
  ['an error that is a denial', { error: 'permission_denied' }, 'denied'],
  ['an error that is a denial in words', { error: 'Permission denied' }, 'denied'],
  ['an error code that is a denial', { error: { code: 'FORBIDDEN', message: 'x' } }, 'denied'],
  ['a denial beside a number that no double holds', '{"denied":true,"n":12345678901234567890}', 'denied'],
  ['a list', [{ denied: true }], 'success'],
  ['a broken object', '{"denied":true', 'success'],
]

for (const [name, content, outcome] of RESULTS) {
  test(`a tool result is read as ${outcome}: ${name}`, () => {
    const drafts = middleOf([asking(['get_chart', { patient: 'PT-1' }]), answering(content)]).slice(1)
    const meaning = outcome === 'denied' ? 'access_denied' : 'data_accessed'
    assert.deepEqual(pick(drafts, 'outcome', 'resource_id'), [
      { action: 'tool_completed', outcome },
      { action: meaning, outcome, resource_id: 'PT-1' },
    ])
  })
}

test('a result that its message marks as an error is one, whatever it says', () => {
  const marked = { ...answering('fine'), is_error: true }
  assert.equal(middleOf([asking(['get_chart', {}]), marked])[1]?.outcome, 'error')
})

test('a denied tool that touches no data, or that nobody described, is a refused access all the same', () => {
  for (const [tool, resource_type] of [
    ['think', {}],
    ['unheard_of', { resource_type: 'unclassified' }],
  ] as const) {
    const drafts = middleOf([asking([tool, {}]), answering({ denied: true })])
    assert.deepEqual(pick(drafts.slice(2), 'outcome', 'resource_type'), [
      { action: 'access_denied', outcome: 'denied', ...resource_type },
    ])
  }
})

const DECISIONS: readonly [name: string, result: unknown, expected: object | undefined][] = [
  [
    'approved',
    { decision: 'approved', approver: 'nurse-07' },
    { outcome: 'success', decision: 'approved', actor_id: 'nurse-07' },
  ],
  [
    'approved by a yes',
    { decision: ' Yes ', approver: 7 },
    { outcome: 'success', decision: 'approved', actor_id: '7' },
  ],
  ['approved by true', { decision: true, approver: 'n' }, { outcome: 'success', decision: 'approved', actor_id: 'n' }],
  ['denied', { decision: 'rejected', approver: 'n' }, { outcome: 'denied', decision: 'denied', actor_id: 'n' }],
  ['denied by false', { decision: false, approver: 'n' }, { outcome: 'denied', decision: 'denied', actor_id: 'n' }],
  [
    'denied by the mark of a denied tool',
    { denied: true, approver: 'n' },
    { outcome: 'denied', decision: 'denied', actor_id: 'n' },
  ],
  [
    'not recognised',
    { decision: 'later', approver: 'n' },
    { outcome: 'error', decision: 'unrecognised', actor_id: 'n' },
  ],
  ['not there', 'sent to the nurse', { outcome: 'error', decision: 'unrecognised', actor_id: 'nurse-12' }],
  [
    'said twice',
    '{"decision":"denied","decision":"approved"}',
    { outcome: 'error', decision: 'unrecognised', actor_id: 'nurse-12' },
  ],
  [
    'by the approver who was asked',
    { decision: 'ok, yes' },
    { outcome: 'error', decision: 'unrecognised', actor_id: 'nurse-12' },
  ],
  ['not taken: the tool failed', 'Error: nobody on duty', undefined],
]

for (const [name, result, expected] of DECISIONS) {
  test(`a decision is recorded with its approver: ${name}`, () => {
    const given = { document: 'LTR-1', approver: 'nurse-12' }
    const drafts = middleOf([QUESTION, asking(['request_approval', given]), answering(result)])
    const [, invoked, requested, completed, decided] = drafts
    assert.equal(requested?.parent_id, invoked?.id)
    assert.deepEqual(pick(drafts.slice(1, 4), 'resource_id'), [
      { action: 'tool_invoked' },
      { action: 'approval_requested', resource_id: 'LTR-1' },
      { action: 'tool_completed' },
    ])
    assert.equal(completed?.parent_id, invoked?.id)
    if (expected === undefined) return assert.equal(decided, undefined)
    const found = pick(drafts.slice(4), 'outcome', 'decision', 'actor_id', 'actor_type', 'resource_id', 'parent_id')
    const record = { action: 'approval_decided', actor_type: 'user', resource_id: 'LTR-1', parent_id: requested?.id }
    assert.deepEqual(found, [{ ...record, ...expected }])
  })
}

test('an approver whom nobody names is unknown, and said to be', () => {
  const drafts = middleOf([asking(['ask_anybody', {}]), answering({ decision: 'yes', approver: 'a\nb' })])
  assert.deepEqual(pick(drafts.slice(-1), 'actor_id', 'approver_unclaimed'), [
    { action: 'approval_decided', actor_id: 'unknown-approver', approver_unclaimed: true },
  ])
})

test('a call id that repeats is said to repeat; each result answers the oldest call that waits', () => {
  const drafts = middleOf([
    asking(['get_chart', { patient: 'PT-1' }], ['get_chart', { patient: 'PT-2' }]),
    answering('first'),
    answering('second'),
    answering('third'),
  ])
  const [first, second, ...rest] = drafts
  assert.deepEqual(
    pick(
      [first, second].filter((draft) => draft !== undefined),
      'call_id_repeated',
    ),
    [{ action: 'tool_invoked' }, { action: 'tool_invoked', call_id_repeated: true }],
  )
  assert.deepEqual(
    rest.filter(({ action }) => action === 'tool_completed').map(({ parent_id }) => parent_id),
    [first?.id, second?.id, recordId(ORIGIN, { kind: 'id', id: 'c-1' }, 'start')],
  )
  assert.deepEqual(pick(rest.slice(-2), 'unmatched', 'tool', 'resource_type'), [
    { action: 'tool_completed', unmatched: 'answered-before' },
    { action: 'data_accessed', resource_type: 'unclassified' },
  ])
})

test('a result of a call that nobody made is kept, and said to be without one', () => {
  const [, completed, touched] = middleOf([QUESTION, { ...answering('x', 'call_9'), name: 'get_chart' }])
  assert.equal(completed?.parent_id, recordId(ORIGIN, { kind: 'id', id: 'c-1' }, '0.message'))
  assert.deepEqual(
    pick(
      [completed, touched].filter((draft) => draft !== undefined),
      'unmatched',
      'resource_type',
      'resource_id_unclaimed',
    ),
    [
      { action: 'tool_completed', unmatched: 'no-call' },
      { action: 'data_accessed', resource_type: 'patient_record', resource_id_unclaimed: true },
    ],
  )
})

test('a result that names another tool than its call does not talk the access away', () => {
  const drafts = middleOf([asking(['get_chart', { patient: 'PT-1' }]), { ...answering('x'), name: 'think' }])
  assert.deepEqual(pick(drafts.slice(1), 'tool', 'result_names_other_tool'), [
    { action: 'tool_completed', tool: 'get_chart', result_names_other_tool: true },
    { action: 'data_accessed', tool: 'get_chart' },
  ])
})

test('calls without an answer are counted at the end', () => {
  const drafts = draftsOf({
    ...ADDRESS,
    messages: [QUESTION, asking(['get_chart', {}, 'a'], ['get_chart', {}, 'b']), answering('x', 'b')],
  })
  assert.equal(drafts.at(-1)?.details?.unanswered_calls, 1)
})

test('the older function_call is answered by name', () => {
  const legacy = {
    role: 'assistant',
    content: null,
    function_call: { name: 'get_chart', arguments: '{"patient":"PT-1"}' },
  }
  const drafts = middleOf([QUESTION, legacy, { role: 'function', name: 'get_chart', content: 'open' }])
  assert.deepEqual(pick(drafts.slice(1), 'tool', 'call_id', 'role', 'resource_id', 'unmatched'), [
    { action: 'tool_invoked', tool: 'get_chart' },
    { action: 'tool_completed', tool: 'get_chart', role: 'function' },
    { action: 'data_accessed', tool: 'get_chart', resource_id: 'PT-1' },
  ])
  assert.equal(drafts[2]?.parent_id, drafts[1]?.id)
})

test('text and calls in one message: the answer causes the calls', () => {
  const drafts = middleOf([QUESTION, { ...asking(['get_chart', {}]), content: 'I will look.' }])
  assert.deepEqual(pick(drafts, 'tool_calls'), [
    { action: 'user_message_received' },
    { action: 'agent_response_generated', tool_calls: 1 },
    { action: 'tool_invoked' },
  ])
  assert.equal(drafts[2]?.parent_id, drafts[1]?.id)
})

test('an answer may be empty, refused, in parts, or a failure', () => {
  const said: readonly [message: Omit<ChatMessage, 'role'>, expected: object][] = [
    [{ content: null }, { action: 'agent_response_generated', outcome: 'success', characters: 0 }],
    [{ content: '' }, { action: 'agent_response_generated', outcome: 'success', characters: 0 }],
    [
      { content: null, refusal: 'I cannot.' },
      { action: 'agent_response_generated', outcome: 'denied', characters: 0, outcome_reason: 'the model refused' },
    ],
    [
      {
        content: [
          { type: 'text', text: 'ab' },
          { type: 'refusal', refusal: 'cde' },
        ],
      },
      {
        action: 'agent_response_generated',
        outcome: 'denied',
        characters: 5,
        outcome_reason: 'the model refused',
        parts: { text: 1, refusal: 1 },
      },
    ],
    [
      { content: [{ type: 'text', text: 'ab' }, { type: 'image_url', image_url: {} }, { type: 'hologram' }] },
      {
        action: 'agent_response_generated',
        outcome: 'success',
        characters: 2,
        parts: { text: 1, image_url: 1, other: 1 },
      },
    ],
    [
      { content: null, error: { type: 'model_timeout', message: 'slow' } },
      { action: 'agent_failed', outcome: 'error', error_type: 'model_timeout' },
    ],
    [{ error: 'out of memory' }, { action: 'agent_failed', outcome: 'error' }],
  ]
  for (const [message, expected] of said) {
    const drafts = middleOf([{ role: 'assistant', ...message }])
    assert.deepEqual(pick(drafts, 'outcome', 'outcome_reason', 'characters', 'parts', 'error_type'), [expected])
  }
})

test('a prompt is announced once for each agent and version, and stands on every answer', () => {
  const prompts = createPromptHistory()
  const said = (id: string, agent: string, content: string): string[] => {
    const messages = [
      { role: 'system', content },
      { role: 'assistant', content: 'Yes.' },
    ]
    const drafts = draftsOf({ id, agent, messages }, { prompts })
    const versions = new Set(drafts.slice(0, -1).map(({ prompt_version }) => prompt_version))
    assert.equal(versions.size, 1)
    return drafts
      .filter(({ action }) => action === 'prompt_changed')
      .map(({ conversation_id }) => conversation_id ?? '')
  }
  assert.deepEqual(said('1', 'a', 'Be exact.'), ['1'])
  assert.deepEqual(said('2', 'a', 'Be exact.'), [])
  assert.deepEqual(said('3', 'b', 'Be exact.'), ['3'])
  assert.deepEqual(said('4', 'a', 'Be brief.'), ['4'])
  assert.deepEqual(said('5', 'a', 'Be exact.'), [])
})

test('of ten thousand prompt versions each is announced once; beyond, the one that was not met for longest is forgotten', () => {
  const { meet } = createPromptHistory()
  for (let i = 0; i < 10_000; i++) assert.equal(meet('a', `v${i}`), 'new')
  for (let i = 0; i < 10_000; i++) assert.equal(meet('a', `v${i}`), 'known')
  assert.equal(meet('a', 'one more'), 'new')
  assert.equal(meet('a', 'v1'), 'known')
  assert.equal(meet('a', 'v0'), 'new')
})

test('the tool set is a part of the prompt version; its names are recorded', () => {
  const messages = [QUESTION]
  const tools = [
    { type: 'function', function: { name: 'get_chart', description: 'opens a chart' } },
    { name: 'think' },
    { type: 'custom', custom: { name: 'a name with spaces' } },
    { type: 'web_search' },
  ]
  const [bare] = draftsOf({ ...ADDRESS, messages })
  const [started, changed] = draftsOf({ ...ADDRESS, messages, tools })
  assert.equal(bare?.prompt_version, undefined)
  assert.equal(started?.prompt_version, digest(canonicalJson({ instructions: [], tools }, PLAIN_JSON)))
  assert.deepEqual(changed?.details, {
    roles: [],
    messages: 0,
    characters: 0,
    bytes: 0,
    tool_count: 4,
    tools: ['get_chart', 'think'],
    author_unclaimed: true,
    timestamp_unclaimed: true,
  })
})

test('instructions in mid-conversation change the version from there on', () => {
  const drafts = draftsOf({
    ...ADDRESS,
    messages: [
      { role: 'system', content: 'One.' },
      { role: 'developer', content: 'Two.' },
      { role: 'assistant', content: 'a' },
      { role: 'developer', content: 'Three.', user: 'it-lead-01' },
      { role: 'assistant', content: 'b' },
    ],
  })
  const before = drafts[0]?.prompt_version
  const after = digest(
    canonicalJson({ instruction: { role: 'developer', content: 'Three.' }, previous: before }, PLAIN_JSON),
  )
  assert.deepEqual(pick(drafts.slice(1, -1), 'prompt_version', 'previous_prompt_version', 'roles', 'actor_id'), [
    { action: 'prompt_changed', prompt_version: before, roles: ['system', 'developer'], actor_id: 'unknown-author' },
    { action: 'agent_response_generated', prompt_version: before, actor_id: 'larkspur-assistant' },
    {
      action: 'prompt_changed',
      prompt_version: after,
      previous_prompt_version: before,
      roles: ['developer'],
      actor_id: 'it-lead-01',
    },
    { action: 'agent_response_generated', prompt_version: after, actor_id: 'larkspur-assistant' },
  ])
})

test('arguments are counted where they are an object, and said to be unparsed where they are not', () => {
  const given = ['{"a":1,"b":{"c":2}}', '', '[1]', 'free text']
  const calls = given.map((text, i): [string, unknown, string] => ['think', text, `call_${i}`])
  assert.deepEqual(pick(middleOf([asking(...calls)]), 'argument_count', 'arguments_unparsed', 'bytes'), [
    { action: 'tool_invoked', argument_count: 2, bytes: 19 },
    { action: 'tool_invoked', argument_count: 0, bytes: 0 },
    { action: 'tool_invoked', arguments_unparsed: true, bytes: 3 },
    { action: 'tool_invoked', arguments_unparsed: true, bytes: 9 },
  ])
})

test('names and call ids that look like content are kept as keyed digests', () => {
  const drafts = middleOf([asking(['look up the chart', {}, 'the id of Mrs. X']), answering('x', 'the id of Mrs. X')])
  const names = { tool_digest: digest('look up the chart'), call_id_digest: digest('the id of Mrs. X') }
  assert.deepEqual(pick(drafts, 'tool', 'call_id', 'tool_digest', 'call_id_digest', 'resource_type'), [
    { action: 'tool_invoked', ...names },
    { action: 'tool_completed', ...names },
    { action: 'data_accessed', ...names, resource_type: 'unclassified' },
  ])
})

test('members that no record takes up are counted; empty ones are not', () => {
  const value = { ...ADDRESS, task: 1, messages: [{ ...QUESTION, name: 'Ann', audio: null, annotations: [] }] }
  const { unread } = parseChatLine(parseJson(JSON.stringify(value), PLAIN_JSON))
  assert.deepEqual(unread, ['task', 'messages[].name'])
  assert.equal(draftsOf(value).at(-1)?.details?.unread_members, 2)
})

const LIES: readonly [name: string, line: unknown, path: string, problem: RegExp][] = [
  ['a list', [], '', /must be an object, not a list/],
  ['no messages', { id: 'c' }, 'messages', /must be a list, not nothing/],
  ['messages that are text', { messages: 'hi' }, 'messages', /must be a list, not text/],
  ['no message', { messages: [] }, 'messages', /is empty/],
  ['an id that is an object', { id: {}, messages: [QUESTION] }, 'id', /must be text or an integer, not an object/],
  ['an id with a line break', { id: 'a\nb', messages: [QUESTION] }, 'id', /control or bidirectional character U\+000A/],
  ['an empty user', { user: '', messages: [QUESTION] }, 'user', /is empty/],
  ['an agent of 300 bytes', { agent: 'x'.repeat(300), messages: [QUESTION] }, 'agent', /at most 256/],
  ['a model in two spellings', { model: 'e\u0301', messages: [QUESTION] }, 'model', /NFC/],
  ['tools that are an object', { tools: {}, messages: [QUESTION] }, 'tools', /must be a list/],
  ['a tool that is a word', { tools: [{}, 'x'], messages: [QUESTION] }, 'tools[1]', /must be an object, not text/],
  ['257 tools', { tools: Array(257).fill({}), messages: [QUESTION] }, 'tools', /has 257 tools; at most 256/],
  ['a message that is text', { messages: [QUESTION, 'hi'] }, 'messages[1]', /must be an object, not text/],
  ['no role', { messages: [{ content: 'x' }] }, 'messages[0].role', /is missing; a role is one of system, developer/],
  [
    'an unknown role',
    { messages: [QUESTION, QUESTION, QUESTION, { role: 'wizard', content: '' }] },
    'messages[3].role',
    /"wizard" is unknown/,
  ],
  [
    'a role that every object has',
    { messages: [{ role: 'constructor', content: '' }] },
    'messages[0].role',
    /is unknown/,
  ],
  ['a question without content', { messages: [{ role: 'user' }] }, 'messages[0].content', /is missing/],
  ['instructions without content', { messages: [{ role: 'system' }] }, 'messages[0].content', /is missing/],
  ['an answer without anything', { messages: [{ role: 'assistant' }] }, 'messages[0].content', /is missing/],
  ['content that is a number', { messages: [{ role: 'user', content: 3 }] }, 'messages[0].content', /not a number/],
  [
    'a part that is text',
    { messages: [{ role: 'user', content: ['x'] }] },
    'messages[0].content[0]',
    /must be an object/,
  ],
  [
    'a part without a type',
    { messages: [{ role: 'user', content: [{}] }] },
    'messages[0].content[0].type',
    /needs its type/,
  ],
  [
    'a text part without text',
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages[0].content[0].text',
    /not nothing/,
  ],
  [
    'calls that are an object',
    { messages: [{ role: 'assistant', tool_calls: {} }] },
    'messages[0].tool_calls',
    /must be a list/,
  ],
  [
    'a call of an unknown type',
    { messages: [{ role: 'assistant', tool_calls: [{ type: 'spell' }] }] },
    'messages[0].tool_calls[0].type',
    /"spell" is unknown/,
  ],
  [
    'a call without a function',
    { messages: [{ role: 'assistant', tool_calls: [{}] }] },
    'messages[0].tool_calls[0].function',
    /must be an object, not nothing/,
  ],
  [
    'a call without a name',
    { messages: [{ role: 'assistant', tool_calls: [{ function: {} }] }] },
    'messages[0].tool_calls[0].function.name',
    /is missing/,
  ],
  [
    'arguments that are a list',
    { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'x', arguments: [] } }] }] },
    'messages[0].tool_calls[0].function.arguments',
    /must be text or an object, not a list/,
  ],
  [
    'an error that is a number',
    { messages: [{ role: 'assistant', error: 5 }] },
    'messages[0].error',
    /must be text or an object/,
  ],
  [
    'a result of nothing',
    { messages: [{ role: 'tool', content: '' }] },
    'messages[0].tool_call_id',
    /nothing says which call/,
  ],
  [
    'a function result without a name',
    { messages: [{ role: 'function', content: '' }] },
    'messages[0].name',
    /nothing says which call/,
  ],
  ['a time that is none', { messages: [{ ...QUESTION, timestamp: 'noon' }] }, 'messages[0].timestamp', /is no time/],
]

for (const [name, line, path, problem] of LIES) {
  test(`refused as a conversation: ${name}`, () => {
    const value = parseJson(JSON.stringify(line), PLAIN_JSON)
    assert.throws(() => parseChatLine(value), { name: 'ImportFault', path, problem })
  })
}

test('every draft of any conversation is one that the ledger admits, and none repeats an id', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const drafts = draftsOf(line)
      for (const draft of drafts) {
        assert.deepEqual(parseDraft(draft, {}), draft)
        assert.ok(Buffer.byteLength(canonicalJson(withoutContent(draft), ENTRY_JSON)) <= MAX_DRAFT_BYTES)
      }
      assert.equal(new Set(drafts.map(({ id }) => id)).size, drafts.length)
    }),
  )
})

test('every parent is a record that stands before', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const met = new Set<string | undefined>([undefined])
      for (const { id, parent_id } of draftsOf(line)) {
        assert.ok(met.has(parent_id))
        met.add(id)
      }
    }),
  )
})

test('records are as many of each action as counting the messages gives', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const counts: Record<string, number> = {}
      for (const { action } of draftsOf(line, { registry: EMPTY_REGISTRY })) counts[action] = (counts[action] ?? 0) + 1
      assert.deepEqual(counts, naiveCounts(line))
    }),
  )
})

test('the same conversation gives the same drafts, and a longer one the same drafts first', () => {
  fc.assert(
    fc.property(chatLine, fc.nat(), (line, cut) => {
      const drafts = draftsOf(line)
      assert.deepEqual(draftsOf(line), drafts)
      const talk = line.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
      const length = (cut % line.messages.length) + 1
      if (talk === -1 || length <= talk) return
      const shorter = draftsOf({ ...line, messages: line.messages.slice(0, length) }).slice(0, -1)
      assert.deepEqual(drafts.slice(0, shorter.length), shorter)
    }),
  )
})

test('no text of a message, an argument or a result enters any field but content', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const secrets = textsIn(line.messages.map(secretsOf)).filter((text) => text.length >= 12)
      const drafts = JSON.stringify(draftsOf(line, { registry: EMPTY_REGISTRY }).map(withoutContent))
      for (const secret of secrets) assert.ok(!drafts.includes(JSON.stringify(secret).slice(1, -1)), secret)
    }),
  )
})

test('no digest of a text of a message, an argument or a result enters a draft', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const drafts = JSON.stringify(draftsOf(line))
      for (const { content, refusal, error, tool_calls = [] } of line.messages) {
        const whole = [content, error].map((value) => JSON.stringify(value) ?? '')
        const texts = textsIn([content, refusal, error, tool_calls.map((call) => call.function.arguments)])
        for (const text of [...whole, ...texts]) assert.ok(!drafts.includes(digest(text)), text)
      }
    }),
  )
})

function withoutContent({ content, ...fields }: Draft): Draft {
  return fields
}

// What is content: everything but the words that records name on purpose (roles, tools, call ids, users, times).
function secretsOf({ content, refusal, error, tool_calls }: ChatMessage): unknown {
  const given = tool_calls?.map(({ function: { arguments: text } }) => [text, JSON.parse(text)])
  const parsed = typeof content === 'string' && content.startsWith('{') ? JSON.parse(content) : content
  return [content, parsed, refusal, error, given]
}

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { messageStep } from './message-step.ts'

const URL = 'https://api.anthropic.com/v1/messages'

function step(body: unknown, headers: Record<string, string> = {}): NonNullable<ReturnType<typeof messageStep>> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return messageStep({ url: URL, method: 'POST', headers: new Headers(headers), body: text }) ?? assert.fail()
}

test('a request for a message is a step, and nothing else is', () => {
  const headers = new Headers()
  for (const [url, method, is] of [
    [URL, 'POST', true],
    [URL, 'post', true],
    [`${URL}?beta=true`, 'POST', true],
    ['https://gateway.example/anthropic/v1/messages', 'POST', true],
    [URL, 'GET', false],
    [`${URL}/count_tokens`, 'POST', false],
    [`${URL}/batches`, 'POST', false],
    ['https://api.anthropic.com/v1/models', 'POST', false],
  ] as const) {
    assert.equal(messageStep({ url, method, headers, body: '{}' }) !== undefined, is, `${method} ${url}`)
  }
})

test('instructions, tools and messages are told apart, and all that is left are parameters', () => {
  const tools = [{ name: 'now', input_schema: { type: 'object' } }]
  const messages = [{ role: 'user', content: 'Hello' }]
  const seen = step(
    { model: 'claude', max_tokens: 9, stream: true, system: 'Be kind.', tools, messages, metadata: { user_id: 'u' } },
    { 'anthropic-beta': 'threads-2026' },
  )
  assert.deepEqual(seen, {
    sdk: '@anthropic-ai/sdk',
    layer: 'client',
    operation: 'messages',
    recipient: 'https://api.anthropic.com',
    model: 'claude',
    stream: true,
    instructions: ['Be kind.'],
    tools,
    messages: [{ role: 'user', value: messages[0], text: 'Hello' }],
    parameters: {
      model: 'claude',
      max_tokens: 9,
      stream: true,
      metadata: { user_id: 'u' },
      'anthropic-beta': 'threads-2026',
    },
  })
  const blocks = [
    { type: 'text', text: 'Be kind.' },
    { type: 'text', text: 'Be brief.' },
  ]
  assert.deepEqual(step({ system: blocks }).instructions, blocks)
  assert.deepEqual(step({}).instructions, [])
})

test('who speaks: results of tools come in the name of the user', () => {
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: '21 degrees' }] }
  const failed = { type: 'tool_result', tool_use_id: 'toolu_2', is_error: true }
  const results = [
    { call_id: 'toolu_1', value: result.content },
    { call_id: 'toolu_2', value: null, failed: true },
  ]
  const image = { type: 'image', source: { type: 'base64', data: 'AA==' } }
  const words = [{ type: 'text', text: 'This?' }, image, { type: 'text', text: 'Or that?' }]
  const messages = [
    { role: 'user', content: words },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'now', input: {} }] },
    { role: 'user', content: [result, failed] },
    { role: 'user', content: [result, failed, { type: 'text', text: 'Go on.' }] },
    { role: 'system', content: 'From now on, be brief.' },
    { role: 'oracle', content: '42' },
    'nonsense',
  ]
  const seen = step({ messages }).messages
  assert.deepEqual(
    seen.map(({ value }) => value),
    messages,
  )
  assert.deepEqual(
    seen.map(({ value: _, ...rest }) => rest),
    [
      { role: 'user', text: 'This?\nOr that?' },
      { role: 'assistant' },
      { role: 'tool', results },
      { role: 'user', text: 'Go on.', results },
      { role: 'instructions' },
      { role: 'other' },
      { role: 'other' },
    ],
  )
})

test('a thread goes on from a message of the provider', () => {
  const thread = { type: 'continue', previous_message_id: 'msg_7' }
  assert.equal(step({ thread }).previous_response_id, 'msg_7')
  assert.deepEqual(step({ thread }).parameters, { thread })
  assert.equal(step({ thread: { type: 'create' } }).previous_response_id, undefined)
})

test('what lets the provider into a server of somebody else is withheld', () => {
  const server = { type: 'url', name: 'crm', url: 'https://crm.example/mcp' }
  const { parameters } = step({ mcp_servers: [{ ...server, authorization_token: 'secret' }, server] })
  assert.deepEqual(parameters.mcp_servers, [{ ...server, authorization_token: '[withheld]' }, server])
})

test('a body that is no JSON is a step still, and is named', () => {
  assert.deepEqual(step('{"model"').parameters, { not_json: '[object String]' })
  const headers = new Headers()
  const { parameters } = messageStep({ url: URL, method: 'POST', headers, body: new FormData() }) ?? assert.fail()
  assert.deepEqual(parameters, { not_json: '[object FormData]' })
})

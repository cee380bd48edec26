import assert from 'node:assert/strict'
import { test } from 'node:test'

import { aboutOf, itemsIn, logOf, onlyStep, read, said, spanOf, type Told } from '../../../test/otlp-items.ts'
import { CLAUDE_CODE } from './claude-code.ts'

const told = (value: unknown) => ({ state: 'told', value })
const SCOPE = { name: 'com.anthropic.claude_code.events', version: '2.1.283' }
const step = (name: string, attributes: Told) =>
  said(onlyStep(CLAUDE_CODE, logOf({ 'event.name': name, ...attributes }, {}, SCOPE)))

test('a developer’s session is told step by step: requests, tools, and who let them run', () => {
  const readings = itemsIn('claude-code-logs.json', 'logs').map((item) => read(CLAUDE_CODE, item))
  for (const { about } of readings) {
    assert.deepEqual(about, {
      conversation: '7d1f6a52-0c0e-4a86-9f3e-52c3d19d3c11',
      agent: 'claude-code',
      agentVersion: '2.1.283',
      user: '2f0c7a44-8f6e-4f0e-9a38-6b2b9f1d7c55',
    })
  }
  const call = { kind: 'model_call', operation: 'chat', provider: 'anthropic', model: 'claude-opus-4-8' }
  const bash = { name: 'Bash', callId: 'toolu_01' }
  const search = { name: 'mcp__tracker__search', callId: 'toolu_02' }
  assert.deepEqual(readings.flatMap(({ steps }) => steps).map(said), [
    { kind: 'user_message', text: told('Why does the build fail?'), characters: 24 },
    {
      ...call,
      requestId: 'req_011A',
      parameters: { effort: 'high', speed: 'normal', query_source: 'repl_main_thread' },
      usage: { input: 2052, output: 85, cachedInput: 1800, cacheWrite: 240 },
      costUsd: 0.0125,
      milliseconds: 2050,
    },
    {
      kind: 'call_content',
      requestId: 'req_011A',
      output: told([{ role: 'assistant', parts: [{ type: 'text', content: 'I run the build.  ' }] }]),
    },
    { kind: 'tool_decision', ...bash, decision: 'approved', decidedBy: 'person' },
    {
      kind: 'tool_call',
      ...bash,
      arguments: told({ command: 'npm run build' }),
      error: { type: 'ShellError', message: 'exit code 2' },
      succeeded: false,
      layer: 'agent',
      milliseconds: 2890,
    },
    { kind: 'tool_decision', ...search, decision: 'approved', decidedBy: 'rule' },
    {
      kind: 'tool_call',
      ...search,
      arguments: told({ query: 'build fails' }),
      succeeded: true,
      layer: 'agent',
      recipient: 'tracker',
      milliseconds: 380,
    },
    { kind: 'tool_decision', name: 'Write', callId: 'toolu_03', decision: 'denied', decidedBy: 'person' },
    {
      ...call,
      requestId: 'req_011B',
      parameters: { query_source: 'repl_main_thread', attempt: 11 },
      error: { message: 'Overloaded', status: 529 },
      milliseconds: 3500,
    },
    { kind: 'failure', operation: 'chat', model: 'claude-opus-4-8', error: { type: 'refusal' } },
  ])
})

test('what nobody allowed to be logged is hidden: its length is known', () => {
  assert.deepEqual(step('user_prompt', { prompt: '<REDACTED>', prompt_length: 9 }), {
    kind: 'user_message',
    text: { state: 'redacted' },
    characters: 9,
  })
  assert.deepEqual(step('assistant_response', { response: '<REDACTED>', request_id: 'r' }), {
    kind: 'call_content',
    requestId: 'r',
    output: { state: 'redacted' },
  })
})

test('an event is known by its name wherever that stands, and by its scope', () => {
  const prompt = { prompt: 'hello' }
  const expected = { kind: 'user_message', text: told('hello') }
  for (const item of [
    logOf({ ...prompt, 'event.name': 'claude_code.user_prompt' }),
    logOf(prompt, { eventName: 'claude_code.user_prompt' }),
    logOf(prompt, { body: { stringValue: 'claude_code.user_prompt' } }),
    logOf({ ...prompt, 'event.name': 'user_prompt' }, {}, SCOPE),
  ]) {
    assert.deepEqual(said(onlyStep(CLAUDE_CODE, item)), expected)
  }
  assert.equal(CLAUDE_CODE.recognises(logOf({ ...prompt, 'event.name': 'user_prompt' })), false)
})

test('a request is told once: not again by the spans that Claude Code can send of it', () => {
  const attributes = { 'session.id': 's', 'gen_ai.system': 'anthropic', 'gen_ai.request.model': 'm', input_tokens: 5 }
  const reading = read(CLAUDE_CODE, spanOf(attributes, { name: 'claude_code.llm_request' }))
  assert.deepEqual([reading.steps, reading.about.conversation], [[], 's'])
})

test('a refusal that the server had another model answer is no failure', () => {
  const hop = logOf({ 'event.name': 'api_refusal', server_fallback_hop: true }, {}, SCOPE)
  assert.deepEqual(read(CLAUDE_CODE, hop).steps, [])
})

test('arguments that the emitter cut off are kept as far as they go', () => {
  assert.deepEqual(step('tool_result', { tool_name: 'Bash', tool_input: '{"command":"ec' }), {
    kind: 'tool_call',
    name: 'Bash',
    arguments: { state: 'unread', text: '{"command":"ec', why: 'truncated' },
    layer: 'agent',
  })
})

test('without an account, the user is the address, else the installation', () => {
  const user = (attributes: Told) =>
    aboutOf(CLAUDE_CODE, logOf({ 'event.name': 'user_prompt', ...attributes }, {}, SCOPE)).user
  assert.equal(user({ 'user.id': 'install', 'user.email': 'dev@clinic.example' }), 'dev@clinic.example')
  assert.equal(user({ 'user.id': 'install' }), 'install')
})

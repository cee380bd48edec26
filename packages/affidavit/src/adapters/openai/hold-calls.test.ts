// Which events of a stream hand over something that is acted upon.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { operationAt } from './operation.ts'

function seen(path: string, event: object): unknown {
  const stream = operationAt('POST', `http://127.0.0.1${path}`)?.readStream() ?? assert.fail()
  return stream.take(JSON.stringify(event))
}

test('every part of a call in chat completions is held back, and nothing else', () => {
  for (const [delta, held] of [
    [{ content: 'Let me see.' }, undefined],
    [{ tool_calls: [] }, undefined],
    [{ tool_calls: null, function_call: null }, undefined],
    [{ tool_calls: [{ index: 0, function: { arguments: '{' } }] }, 'hold'],
    [{ function_call: { name: 'now', arguments: '' } }, 'hold'],
  ] as const) {
    assert.equal(seen('/v1/chat/completions', { choices: [{ index: 0, delta }] }), held)
  }
  assert.equal(seen('/v1/chat/completions', { choices: [], usage: {} }), undefined)
})

test('in responses, what the application is to run is held back, and not what the provider runs', () => {
  const done = (type: string): object => ({ type: 'response.output_item.done', item: { type } })
  for (const type of ['function', 'custom_tool', 'computer', 'local_shell', 'shell', 'apply_patch', 'of_next_year']) {
    assert.equal(seen('/v1/responses', done(`${type}_call`)), 'hold', type)
  }
  assert.equal(seen('/v1/responses', done('mcp_approval_request')), 'hold')
  for (const type of [
    'message',
    'reasoning',
    'web_search_call',
    'file_search_call',
    'code_interpreter_call',
    'mcp_call',
  ]) {
    assert.equal(seen('/v1/responses', done(type)), undefined, type)
  }
  assert.equal(seen('/v1/responses', { type: 'response.function_call_arguments.delta', delta: '{' }), undefined)
  assert.equal(seen('/v1/responses', { type: 'response.function_call_arguments.done', arguments: '{}' }), 'hold')
  assert.equal(seen('/v1/responses', { type: 'response.custom_tool_call_input.done', input: 'x' }), 'hold')
})

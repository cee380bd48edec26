import assert from 'node:assert/strict'
import { test } from 'node:test'

import { streamedAnswer } from './answer.ts'

const FINISH = { type: 'finish', finishReason: { unified: 'stop', raw: 'end_turn' }, usage: {} }

function answered(...parts: readonly unknown[]): ReturnType<typeof streamedAnswer> {
  const answer = streamedAnswer()
  for (const part of parts) answer.add(part)
  return answer
}
function contentOf(answer: ReturnType<typeof streamedAnswer>): unknown {
  const { response } = answer.endedAs('complete')
  return typeof response === 'object' && response !== null && 'content' in response ? response.content : undefined
}
function delta(type: string, id: string, text: string): unknown {
  return { type: `${type}-delta`, id, delta: text }
}

test('text and reasoning are put together by their ids, in the order in which they began', () => {
  const answer = answered(
    { type: 'reasoning-start', id: '1' },
    { type: 'text-start', id: '1' },
    delta('text', '1', 'Sun'),
    delta('reasoning', '1', 'Think'),
    delta('text', '1', 'ny'),
    { type: 'text-start', id: '2' },
    delta('text', '2', '!'),
    { type: 'source', sourceType: 'url', url: 'https://weather.example' },
    { type: 'ping' },
    { type: 'raw', rawValue: {} },
  )
  assert.deepEqual(contentOf(answer), [
    { type: 'reasoning', text: 'Think' },
    { type: 'text', text: 'Sunny' },
    { type: 'text', text: '!' },
    { type: 'source', sourceType: 'url', url: 'https://weather.example' },
  ])
  assert.equal(answer.endedAs('complete').answer, 'Sunny!')
})

test('the input of a tool is kept where its call never came', () => {
  const [asked, cut] = ['call_1', 'call_2'].map((id) => [
    { type: 'tool-input-start', id, toolName: 'look' },
    delta('tool-input', id, '{"at":'),
  ])
  const call = { type: 'tool-call', toolCallId: 'call_1', toolName: 'look', input: '{"at":1}' }
  const answer = answered(...(asked ?? []), call, ...(cut ?? []))
  assert.deepEqual(contentOf(answer), [call, { type: 'tool-input', id: 'call_2', toolName: 'look', input: '{"at":' }])
  assert.deepEqual(answer.endedAs('cut').calls, [{ call_id: 'call_1', name: 'look', arguments: '{"at":1}' }])
})

for (const [what, finishReason, ended] of [
  ['says that it was interrupted', { unified: 'interrupted' }, 'cut'],
  ['gives no reason of the provider', { unified: 'other', raw: undefined }, 'cut'],
  ['gives a reason that the SDK does not know', { unified: 'other', raw: 'pause' }, 'complete'],
] as const) {
  test(`a stream whose end ${what} is ${ended}`, () => {
    assert.equal(answered({ ...FINISH, finishReason }).endedAs('complete').ended, ended)
  })
}

test('an error among the parts is the end, whatever follows', () => {
  const error = new Error('overloaded')
  const end = answered({ type: 'error', error }, FINISH).endedAs('complete')
  assert.deepEqual([end.ended, end.error, end.finish_reason], ['failed', error, 'end_turn'])
})

test('parts that are no parts are no content to stumble over', () => {
  const answer = answered(
    undefined,
    null,
    7,
    delta('text', 'never began', 'x'),
    { type: 7 },
    { type: 'finish', usage: 3 },
  )
  assert.deepEqual(answer.endedAs('complete').ended, 'complete')
})

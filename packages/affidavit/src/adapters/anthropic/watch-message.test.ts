import assert from 'node:assert/strict'
import { test } from 'node:test'

import { utf8 } from '../../bytes/text.ts'
import { watchStream, watchWhole } from './watch-message.ts'

const STARTED = 'data: {"type":"message_start","message":{"type":"message","id":"msg_1","model":"claude"}}\n\n'
const BROKEN = 'event: content_block_start\ndata: {"type":\n\n'

test('a client that leaves at an event which does not parse has not been told to', () => {
  const left = watchStream()
  assert.equal(left.take(utf8(STARTED)), undefined)
  assert.deepEqual(left.outcome('cancelled').ended, 'cancelled')
  const broken = watchStream()
  assert.equal(broken.take(utf8(STARTED + BROKEN)), undefined)
  const { ended, error, response_id } = broken.outcome('cancelled')
  assert.deepEqual({ ended, response_id }, { ended: 'failed', response_id: 'msg_1' })
  assert.ok(error instanceof SyntaxError)
})

test('a last event without its empty line ends the stream, and no event at all does not', () => {
  const watch = watchStream()
  assert.equal(watch.take(utf8(`${STARTED}data: {"type":"message_stop"}`)), undefined)
  assert.equal(watch.over(), 'complete')
  const empty = watchStream()
  assert.equal(empty.over(), 'cut')
  assert.deepEqual(empty.outcome('cut'), { ended: 'cut', error: undefined })
})

test('a call of a tool is held back, in one piece with what follows it or alone', () => {
  const block = { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} }
  const call = [
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_stop', index: 0 },
    { type: 'ping' },
  ].map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`)
  const stop = 'data: {"type":"message_stop"}\r\n\r\n'
  assert.equal(watchStream().take(utf8(STARTED + call.join(''))), 'hold')
  assert.equal(watchStream().take(utf8(STARTED + call.join('') + stop)), 'complete')
  const cut = watchStream()
  assert.equal(cut.take(utf8(STARTED + call[0])), undefined)
  assert.equal(cut.take(utf8((call[1] ?? '').trim())), undefined)
  assert.equal(cut.over(), 'cut')
})

test('JSON that is no message is no answer, and is kept', () => {
  for (const [body, response] of [
    ['{"type":"banner"}', { type: 'banner' }],
    ['<html>', '<html>'],
    ['', ''],
  ] as const) {
    const watch = watchWhole()
    assert.equal(watch.take(utf8(body)), undefined)
    const outcome = watch.outcome(watch.over())
    assert.deepEqual([outcome.ended, outcome.response], ['failed', response])
  }
})

test('a whole answer may come in pieces that part its characters', () => {
  const bytes = utf8('{"type":"message","id":"msg_1","content":[{"type":"text","text":"Zürich 🌞"}]}')
  const watch = watchWhole()
  for (const byte of bytes) assert.equal(watch.take(Uint8Array.of(byte)), undefined)
  assert.equal(watch.outcome(watch.over()).answer, 'Zürich 🌞')
})

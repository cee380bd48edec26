import assert from 'node:assert/strict'
import { test } from 'node:test'

import { utf8 } from '../../bytes/text.ts'
import type { BodyWatch } from './hold-terminal.ts'
import { watchEvents } from './watch-events.ts'

const watch = (): BodyWatch =>
  watchEvents({
    take: ({ data }) => (data === 'call' ? 'hold' : data === 'last' ? 'complete' : undefined),
    over: () => 'cut',
  })

test('of several events at once the end counts, then a call, wherever they stand', () => {
  for (const [events, seen] of [
    ['data: text\n\n', undefined],
    ['data: call\n\ndata: text\n\n', 'hold'],
    ['data: call\n\ndata: last\n\ndata: text\n\n', 'complete'],
  ] as const) {
    assert.equal(watch().take(utf8(events)), seen)
    assert.equal(watch().take(utf8(events.replaceAll('\n', '\r\n'))), seen)
  }
})

test('an event that only the end completes counts still, and a call is no end', () => {
  for (const [event, ended] of [
    ['data: last', 'complete'],
    ['data: call', 'cut'],
    ['data: text', 'cut'],
  ] as const) {
    const watched = watch()
    assert.equal(watched.take(utf8(event)), undefined)
    assert.equal(watched.over(), ended)
  }
})

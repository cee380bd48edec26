import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MAX_BODY_BYTES } from '../formats/fields.ts'
import { requestContent } from './request.ts'

test('whatever the script that its messages are written in, a request is one that a record can hold', () => {
  const message = { json: JSON.stringify('漢'.repeat(2_700_000)), uncaptured: [] }
  const messages = Array.from({ length: 17 }, () => message)
  const parameters = { json: '{}', uncaptured: [] }
  const { text, uncaptured } = requestContent({ messages, digests: [], parameters, prompt: undefined }, undefined)
  assert.ok(Buffer.byteLength(text) < MAX_BODY_BYTES)
  assert.ok(uncaptured.includes('messages[16]: more than 48 MiB in all'))
  assert.equal(JSON.parse(text).messages.length, 17)
})

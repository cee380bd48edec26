import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failureOf, modelEndOf, modelStepOf } from './step.ts'

const SEEN = { provider: 'openai.chat', model: 'gpt', stream: false }

test('instructions are the system messages before all others, given apart or not', () => {
  const system = { role: 'system', content: 'Be short.' }
  const user = { role: 'user', content: 'Hi' }
  const later = { role: 'system', content: 'Be polite.' }
  for (const request of [
    { instructions: 'Be short.', messages: [user, later] },
    { instructions: system, messages: [user, later] },
    { instructions: [system], messages: [user, later] },
    { prompt: [system, user, later] },
  ]) {
    const { instructions, messages } = modelStepOf(request, SEEN)
    assert.deepEqual(instructions, [system])
    assert.deepEqual(
      messages.map(({ value }) => value),
      [system, user, later],
    )
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['instructions', 'user', 'instructions'],
    )
  }
})

test('what the user said is the text among the parts', () => {
  const image = { type: 'file', mediaType: 'image/png', data: 'AAAA' }
  const content = [{ type: 'text', text: 'What' }, image, { type: 'text', text: 'is this?' }]
  const { messages } = modelStepOf({ messages: [{ role: 'user', content }] }, SEEN)
  assert.equal(messages[0]?.text, 'What\nis this?')
})

test('parameters are what was asked for: nothing that authorizes, nothing that only runs', () => {
  const headers = { authorization: 'Bearer secret' }
  const abortSignal = new AbortController().signal
  const request = {
    prompt: [],
    temperature: 0,
    seed: undefined,
    headers,
    abortSignal,
    execute: () => 1,
    recordInputs: false,
  }
  assert.deepEqual(modelStepOf(request, SEEN).parameters, { temperature: 0, recordInputs: false })
})

test('what is no request, and no result, is an empty one', () => {
  for (const value of [{}, { messages: 'none', tools: 7, instructions: null }])
    assert.deepEqual(modelStepOf(value, SEEN).messages, [])
  for (const value of [undefined, null, 'text', { content: 'x', usage: { inputTokens: 'many' } }])
    assert.equal(modelEndOf(value, 'complete').answer, undefined)
})

test('a failure has the status of the response, and an abort is no failure', () => {
  assert.deepEqual(failureOf(Object.assign(new Error('x'), { statusCode: 429 })).status, 429)
  for (const name of ['AbortError', 'TimeoutError']) assert.equal(failureOf({ name }).ended, 'cancelled')
  assert.deepEqual(failureOf('lost'), { ended: 'failed', error: 'lost' })
})

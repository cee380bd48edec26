// What is sealed of a chat: all of its texts, word for word, under the name of what they are.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { ADDRESS, answering, asking, draftsOf, middleOf, QUESTION } from '../../test/chat-drafts.ts'
import { type ChatMessage, chatLine, naiveContents } from '../../test/chats.ts'
import type { Draft, DraftContent } from '../formats/fields.ts'

function contentsOf(drafts: readonly Draft[]): readonly DraftContent[] {
  return drafts.flatMap(({ content = [] }) => content)
}

const TEXT = 'text/plain'
const JSON_TYPE = 'application/json'
const TWO_PARTS = [
  { type: 'text', text: 'ab' },
  { type: 'refusal', refusal: 'cde' },
]

const CONTENTS: readonly [
  what: string,
  message: ChatMessage,
  ...contents: readonly (readonly [string, string, string])[],
][] = [
  ['a question', QUESTION, ['message', TEXT, 'Please open the chart.']],
  ['a question that looks like JSON', { role: 'user', content: '{"a":1}' }, ['message', TEXT, '{"a":1}']],
  ['white space', { role: 'user', content: ' \n' }, ['message', TEXT, ' \n']],
  ['an answer', { role: 'assistant', content: 'Yes 👍' }, ['message', TEXT, 'Yes 👍']],
  [
    'an answer in parts',
    { role: 'assistant', content: TWO_PARTS },
    ['message', JSON_TYPE, '[{"text":"ab","type":"text"},{"refusal":"cde","type":"refusal"}]'],
  ],
  ['a refusal', { role: 'assistant', content: null, refusal: 'I cannot.' }, ['refusal', TEXT, 'I cannot.']],
  [
    'an answer and a refusal',
    { role: 'assistant', content: 'Hm.', refusal: 'I cannot.' },
    ['message', TEXT, 'Hm.'],
    ['refusal', TEXT, 'I cannot.'],
  ],
  [
    'arguments, spelled as nobody else would',
    asking(['think', '{ "b" : 1.0, "a":1 }\n']),
    ['arguments', JSON_TYPE, '{ "b" : 1.0, "a":1 }\n'],
  ],
  ['arguments that are no JSON', asking(['think', '{"patient":']), ['arguments', TEXT, '{"patient":']],
  [
    'arguments that two readers read differently',
    asking(['think', '{"a":1,"a":2}']),
    ['arguments', JSON_TYPE, '{"a":1,"a":2}'],
  ],
  [
    'arguments that stand as an object',
    { role: 'assistant', content: null, function_call: { name: 'think', arguments: { b: 1, a: 2 } } },
    ['arguments', JSON_TYPE, '{"a":2,"b":1}'],
  ],
  ['a failure in words', { role: 'assistant', error: 'out of memory' }, ['error', TEXT, 'out of memory']],
  [
    'a failure as an object',
    { role: 'assistant', error: { type: 'timeout', code: 5 } },
    ['error', JSON_TYPE, '{"code":5,"type":"timeout"}'],
  ],
  ['a result in words', answering('The chart is open.'), ['result', TEXT, 'The chart is open.']],
  ['a result that is JSON', answering(' [1]'), ['result', JSON_TYPE, ' [1]']],
  [
    'a result in parts',
    { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: '[1]' }] },
    ['result', JSON_TYPE, '[{"text":"[1]","type":"text"}]'],
  ],
]

for (const [what, message, ...contents] of CONTENTS) {
  test(`content bears the name of what it is, and says whether it is JSON: ${what}`, () => {
    assert.deepEqual(
      contentsOf(middleOf([message])),
      contents.map(([name, media_type, body]) => ({ name, media_type, body })),
    )
  })
}

test('instructions and tools are sealed where a prompt is announced, and nowhere else', () => {
  const tools = [{ type: 'function', function: { name: 'get_chart', description: 'opens a chart' } }]
  const messages = [
    { role: 'system', content: 'Be exact.' },
    { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
    QUESTION,
    { role: 'developer', content: 'Be kind.' },
  ]
  const drafts = draftsOf({ ...ADDRESS, messages, tools }).filter(({ action }) => action !== 'user_message_received')
  assert.deepEqual(
    drafts.map(({ action, content }) => [action, content]),
    [
      ['conversation_started', undefined],
      [
        'prompt_changed',
        [
          {
            name: 'instructions',
            media_type: JSON_TYPE,
            body: '[{"content":"Be exact.","role":"system"},{"content":[{"text":"Be brief.","type":"text"}],"role":"developer"}]',
          },
          {
            name: 'tools',
            media_type: JSON_TYPE,
            body: '[{"function":{"description":"opens a chart","name":"get_chart"},"type":"function"}]',
          },
        ],
      ],
      [
        'prompt_changed',
        [{ name: 'instructions', media_type: JSON_TYPE, body: '[{"content":"Be kind.","role":"developer"}]' }],
      ],
      ['conversation_ended', undefined],
    ],
  )
  assert.deepEqual(
    contentsOf(draftsOf({ ...ADDRESS, messages: [QUESTION], tools })).map(({ name }) => name),
    ['tools', 'message'],
  )
})

test('what is empty gives no content', () => {
  const messages: ChatMessage[] = [
    { role: 'user', content: '' },
    { role: 'user', content: null },
    { role: 'user', content: [] },
    { role: 'assistant', content: '', refusal: '' },
    { role: 'assistant', content: null, error: '' },
    asking(['think', '']),
    answering(''),
    { ...answering(''), content: null },
    { ...answering(''), content: [] },
  ]
  const drafts = middleOf(messages)
  assert.equal(drafts.length > messages.length, true)
  for (const draft of drafts) assert.equal('content' in draft, false, draft.action)
})

test('what was said can be read again, word for word, and there is nothing else', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      const expected = naiveContents(line)
      const found = contentsOf(draftsOf(line))
      assert.deepEqual(
        found.map(({ name }) => name),
        expected.map(({ name }) => name),
      )
      for (const [i, told] of expected.entries()) {
        assert.equal(found[i]?.body, 'text' in told ? told.text : canonicalize(told.value))
      }
    }),
  )
})

test('content of one record has no name twice, and names no person of its own', () => {
  fc.assert(
    fc.property(chatLine, (line) => {
      for (const { content = [] } of draftsOf(line)) {
        assert.equal(new Set(content.map(({ name }) => name)).size, content.length)
        for (const one of content) assert.deepEqual(Object.keys(one), ['name', 'media_type', 'body'])
      }
    }),
  )
})

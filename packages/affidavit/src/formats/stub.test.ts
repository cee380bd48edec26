import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { parseEntry } from './entry.ts'
import { isStub, parseStub, type StubMark, stubOf } from './stub.ts'

interface Data {
  golden: { name: string; entry: string; mark: StubMark; stub: string }[]
  refused: { name: string; stub: string; problem: string }[]
}

const { golden, refused }: Data = JSON.parse(
  readFileSync(new URL('../../testdata/stub/stubs.json', import.meta.url), 'utf8'),
)

describe('the stub of an entry has these bytes, and reads back', () => {
  for (const { name, entry, mark, stub } of golden) {
    test(name, () => {
      const bytes = stubOf(utf8(entry), mark)
      assert.equal(decodeUtf8(bytes), stub)
      assert.equal(isStub(bytes), true)
      const parsed = parseStub(bytes)
      if ('problem' in parsed) assert.fail(parsed.problem)
      const { _stub, ...members } = JSON.parse(stub)
      assert.deepEqual(parsed.stub, { mark: _stub, ...members })
    })
  }
})

describe('no stub is:', () => {
  for (const { name, stub, problem } of refused) {
    test(name, () => {
      const parsed = parseStub(utf8(stub))
      if (!('problem' in parsed)) assert.fail('read as a stub')
      assert.match(parsed.problem, new RegExp(problem.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))
    })
  }
})

test('no bytes make reading a stub throw', () => {
  for (const bytes of [new Uint8Array(), Uint8Array.of(0x7b, 0xff), utf8('{"_stub":null}'), new Uint8Array(70_000)])
    assert.ok('problem' in parseStub(bytes))
})

test('no stub is an entry, and no entry a stub', () => {
  for (const { entry, stub } of golden) {
    assert.ok('fault' in parseEntry(utf8(stub)))
    assert.equal(isStub(utf8(stub)), true)
    if (entry.startsWith('{"_stub"')) continue
    assert.ok('entry' in parseEntry(utf8(entry)))
    assert.equal(isStub(utf8(entry)), false)
  }
  for (const begins of ['', '{', '{"', '{"_', '{"_stub"', '{"_stab":']) assert.equal(isStub(utf8(begins)), false)
})

test('what is no entry gets no stub, and a destroyed entry is not archived', () => {
  const archived: StubMark = { state: 'archived', block: 0, segment: '0'.repeat(32) }
  const destroyed = golden.find(({ mark }) => mark.state === 'disposed')?.stub ?? ''
  for (const bytes of ['{}', '[]', '{"id":"x"}', destroyed])
    assert.throws(() => stubOf(utf8(bytes), archived), { name: 'RangeError', message: /no stub can stand for this/ })
  const entry = utf8(golden[0]?.entry ?? '')
  assert.throws(() => stubOf(entry, { ...archived, segment: 'x' }), /_stub says neither/)
})

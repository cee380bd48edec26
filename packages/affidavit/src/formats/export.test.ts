import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'

import { hostileBytes } from '../../test/hostile.ts'
import { utf8 } from '../bytes/text.ts'
import { parseCheckpointBody } from './checkpoint.ts'
import { type ExportCover, formatCover, parseCover, parseStatementText, statementText } from './export.ts'
import { checkNoteText } from './note.ts'

const HASH = '0123456789abcdef'.repeat(4)
const listed = { bytes: 351, sha256: HASH }
const whole: ExportCover = {
  origin: 'clinic.example/agents/0123456789abcdef',
  query: {},
  as_of_seq: 41,
  tree_size: 42,
  root_hash: HASH,
  time_zone: 'Europe/Zurich',
  exported_at: '2026-11-21T09:30:00.000Z',
  count: 42,
  first_seq: 0,
  last_seq: 41,
  files: { checkpoint: listed, 'entries.jsonl': listed, 'keys.jsonl': listed, 'log.vkey': listed },
}
const filtered: ExportCover = {
  ...whole,
  query: { until_seq: 40, conversation_id: 'c-1', from: '2026-01-01T00:00:00.000Z' },
  requester: 'auditor “A”',
  reason: 'quarterly review',
  count: 2,
  first_seq: 3,
  last_seq: 9,
  files: { 'rotations.log': listed, ...whole.files },
}

// What an export of version 1 looks like, for good.
const golden = `{
  "format": "affidavit-export",
  "version": 1,
  "origin": "clinic.example/agents/0123456789abcdef",
  "query": {
    "conversation_id": "c-1",
    "from": "2026-01-01T00:00:00.000Z",
    "until_seq": 40
  },
  "as_of_seq": 41,
  "tree_size": 42,
  "root_hash": "${HASH}",
  "requester": "auditor “A”",
  "reason": "quarterly review",
  "time_zone": "Europe/Zurich",
  "exported_at": "2026-11-21T09:30:00.000Z",
  "count": 2,
  "first_seq": 3,
  "last_seq": 9,
  "completeness": "not claimed for the filter",
  "files": {
${['checkpoint', 'entries.jsonl', 'keys.jsonl', 'log.vkey', 'rotations.log']
  .map((name) => `    "${name}": {\n      "bytes": 351,\n      "sha256": "${HASH}"\n    }`)
  .join(',\n')}
  }
}
`

test('a cover has the golden bytes', () => {
  assert.equal(Buffer.from(formatCover(filtered)).toString('utf8'), golden)
})

test('a cover of everything claims everything', () => {
  assert.match(Buffer.from(formatCover(whole)).toString('utf8'), /\n {2}"completeness": "complete 0..41",\n/)
})

test('what is formatted is parsed back', () => {
  for (const cover of [whole, filtered]) {
    const parsed = parseCover(formatCover(cover))
    assert.ok(!('code' in parsed))
    assert.deepEqual(parsed, cover)
    assert.deepEqual(formatCover(parsed), formatCover(cover))
  }
})

describe('refused as a cover', () => {
  const edits: [name: string, from: string | RegExp, to: string][] = [
    ['another format', 'affidavit-export', 'affidavit-import'],
    ['an unknown field', '"count"', '"note": "x",\n  "count"'],
    ['a field twice', '"count": 2', '"count": 2,\n  "count": 2'],
    ['a missing field', /\n {2}"time_zone": [^\n]*/, ''],
    ['null', '"quarterly review"', 'null'],
    ['a negative count', '"count": 2', '"count": -2'],
    ['a fraction', '"count": 2', '"count": 2.5'],
    ['a count beyond 2^53', '"count": 2', '"count": 9007199254740993'],
    ['a time in another spelling', '09:30:00.000Z', '09:30:00Z'],
    ['a day that is none', '2026-11-21', '2026-11-31'],
    ['a hash in capitals', HASH, HASH.toUpperCase()],
    ['a short hash', HASH, HASH.slice(2)],
    ['an unknown condition', '"conversation_id": "c-1"', '"colour": "red"'],
    ['a condition of another kind', '"conversation_id": "c-1"', '"conversation_id": 1'],
    ['a query that is no object', /"query": \{[^}]*\}/, '"query": []'],
    ['an unknown file', '"checkpoint"', '"../checkpoint"'],
    ['a file that is not listed', /"log.vkey": \{[^}]*\},\s*/, ''],
    ['a file without a hash', /,\n {6}"sha256": "[^"]*"/, ''],
    ['another claim', 'not claimed for the filter', 'complete 0..41'],
    ['another order', /( {2}"requester"[^\n]*\n)( {2}"reason"[^\n]*\n)/, '$2$1'],
    ['other white space', '"count": 2', '"count":2'],
    ['no final newline', /\n$/, ''],
    ['a byte order mark', /^/, '\ufeff'],
    ['more behind the end', /$/, '{}'],
    ['a key that changes objects', '"count"', '"__proto__": {},\n  "count"'],
  ]
  for (const [name, from, to] of edits) {
    test(name, () => {
      const text = golden.replace(from, to)
      assert.notEqual(text, golden)
      const parsed = parseCover(utf8(text))
      assert.equal('code' in parsed && parsed.code, 'cover-malformed')
    })
  }

  test('a later version, which says so', () => {
    const parsed = parseCover(utf8(golden.replace('"version": 1', '"version": 2')))
    assert.deepEqual('code' in parsed && parsed.code, 'cover-unknown-version')
  })

  test('no UTF-8', () => assert.ok('code' in parseCover(Uint8Array.of(0xff))))
})

test('what could not be parsed back is not formatted', () => {
  assert.throws(() => formatCover({ ...whole, count: -1 }), RangeError)
  assert.throws(() => formatCover({ ...whole, files: {} }), RangeError)
  assert.throws(() => formatCover({ ...whole, reason: '\ud800' }), RangeError)
})

test('hostile bytes are refused or are the only bytes of their cover, without a throw', () => {
  fc.assert(
    fc.property(hostileBytes([formatCover(whole), formatCover(filtered)]), (bytes) => {
      const parsed = parseCover(bytes)
      if (!('code' in parsed)) assert.deepEqual(Buffer.from(formatCover(parsed)), Buffer.from(bytes))
    }),
  )
})

const statement = { origin: whole.origin, coverSha256: HASH }

test('a statement has the golden text, and is parsed back', () => {
  const text = `affidavit export v1\n${whole.origin}\nexport.json sha256 ${HASH}\n`
  assert.equal(statementText(statement), text)
  assert.deepEqual(parseStatementText(text), statement)
})

test('a statement is a note text and no checkpoint, whatever the origin', () => {
  for (const origin of [whole.origin, '12/34', '0/0123456789abcdef']) {
    const text = statementText({ ...statement, origin })
    assert.equal(checkNoteText(text), undefined)
    assert.ok('code' in parseCheckpointBody(text))
  }
})

test('hostile text is refused or is the only text of its statement', () => {
  fc.assert(
    fc.property(hostileBytes([utf8(statementText(statement))]), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8')
      const parsed = parseStatementText(text)
      if (parsed !== undefined) assert.equal(statementText(parsed), text)
    }),
  )
})

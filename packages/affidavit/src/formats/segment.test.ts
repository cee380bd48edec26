import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import { parseSegment, segmentText } from './segment.ts'
import { readSegmentNote } from './signed-segment.ts'

const golden = readSegmentNote(readFileSync(join(import.meta.dirname, '../../testdata/archive/segment.note')))
if (typeof golden === 'string') assert.fail(golden)
const text = segmentText(golden)
const [header = '', json = ''] = text.split('\n')

function withJson(other: string): string {
  assert.notEqual(other, json)
  return `${header}\n${other}\n`
}

test('a manifest is read from the text that it is written as', () => {
  assert.deepEqual(parseSegment(text), golden)
  assert.equal(json, canonicalJson(JSON.parse(json), PLAIN_JSON))
})

test('a manifest says of which segment it takes the place', () => {
  const replaces = 'ab'.repeat(16)
  const replacing = segmentText({ ...golden, replaces })
  assert.deepEqual(parseSegment(replacing), { ...golden, replaces })
  assert.ok(replacing.includes(`,"replaces":"${replaces}",`))
})

const SAME_OTHERWISE: ReadonlyMap<string, string> = new Map([
  ['white space', json.replace('{', '{ ')],
  ['members in another order', `{"v":1,${json.slice(1).replace(',"v":1', '')}`],
  ['members of a block in another order', json.replace(/"count":(\d+),"first_seq":(\d+)/, '"first_seq":$2,"count":$1')],
  ['a member twice', json.replace('"v":1', '"v":1,"v":1')],
  ['a number in another spelling', json.replace('"v":1', '"v":1.0')],
  ['a string in another spelling', json.replace('"retention_class"', '"retention\\u005fclass"')],
])

for (const [what, other] of SAME_OTHERWISE) {
  test(`a manifest has one spelling: ${what}`, () => assert.equal(typeof parseSegment(withJson(other)), 'string'))
}

const NO_MANIFEST: ReadonlyMap<string, string> = new Map([
  ['no JSON', json.slice(0, -1)],
  ['no object', '[]'],
  ['another member', json.replace('"v":1', '"v":1,"w":1')],
  ['a member of that name', json.replace('{', '{"__proto__":{},')],
  ['a member less', json.replace(/"seqs":"[^"]*",/, '')],
  ['half a character', json.replace('"retention_class":"', '"retention_class":"\\ud800')],
  ['more arrays than the stack holds', '['.repeat(1e6) + ']'.repeat(1e6)],
  ['as many, for its blocks', json.replace(/"blocks":\[.*?\]/, `"blocks":${'['.repeat(1e6)}${']'.repeat(1e6)}`)],
  ['the place of no segment', json.replace('"rest"', '"replaces":"","rest"')],
  ['the place of a segment by its whole digest', json.replace('"rest"', `"replaces":"${'ab'.repeat(32)}","rest"`)],
  [
    'a block that begins with another entry',
    json.replace(/"first_seq":(\d+)/, (_, seq) => `"first_seq":${Number(seq) + 1}`),
  ],
])

for (const [what, other] of NO_MANIFEST) {
  test(`no manifest: ${what}`, () => assert.equal(typeof parseSegment(withJson(other)), 'string'))
}

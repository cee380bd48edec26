import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'

import { ANY_ACTION, anyDraft } from '../../test/any-draft.ts'
import { sampleLog } from '../../test/sample-log.ts'
import { utf8 } from '../bytes/text.ts'
import { parseEntry } from './entry.ts'
import { CAPTURED, ENTRY } from './entry-pattern.ts'
import { ENTRY_FIELDS } from './fields.ts'
import { skimEntry } from './skim-entry.ts'

const golden: { written: { entry: string }[]; read: { entry: string }[] } = testdata('golden.json')
const refused: { base: string; edits: { name: string; find: string; put: string }[] } = testdata('refused-entries.json')
const texts = [...golden.written, ...golden.read].map(({ entry }) => entry).filter(isAscii)
// The pattern leaves escapes, large numbers and 29 February to the authority.
const plain = texts.filter((text) => !/\\|-02-29T/.test(text) && !/\d{16}/.test(text.replaceAll(/"[^"]*"/g, '')))
const everything = golden.read[0]?.entry ?? assert.fail('no entry with every field')

function testdata<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`../../testdata/entry/${name}`, import.meta.url), 'utf8'))
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}

const FOLLOWED = [
  ...['action', 'conversation_id', 'conversation_previous_hash', 'conversation_seq', 'id', 'ledger', 'previous_hash'],
  ...['producer_id', 'producer_seq', 'recorded_at', 'seq', 'subject_ids'],
  ...['actor_id', 'parent_id', 'resource_id', 'resource_type', 'timestamp'],
] as const

/** The skimmed entry is that of the authority: refused with the same fault, or read with the same members. */
function assertAgrees(text: string): 'read' | 'refused' {
  const skimmed = skimEntry(text)
  const parsed = parseEntry(utf8(text))
  if ('fault' in parsed) {
    assert.deepEqual(skimmed, parsed)
    return 'refused'
  }
  assert.ok('entry' in skimmed, 'it was refused')
  for (const name of FOLLOWED) assert.deepEqual(Reflect.get(skimmed.entry, name), Reflect.get(parsed.entry, name), name)
  if (/^(logging_started|key_rotated)$/.test(parsed.entry.action)) {
    assert.deepEqual(skimmed.entry.details ?? {}, parsed.entry.details ?? {})
  }
  return 'read'
}

test('golden entries are read as the authority reads them, the plain ones by the pattern', () => {
  assert.ok(plain.length > 2)
  for (const text of texts) assert.equal(assertAgrees(text), 'read')
  for (const text of plain) assert.ok(ENTRY.test(text), text)
})

test('the text of any characters is read as its bytes are', () => {
  const others = golden.written.map(({ entry }) => entry).filter((text) => !isAscii(text))
  assert.ok(others.length > 0)
  for (const text of [...others, `\ufeff${others[0]}`]) assertAgrees(text)
})

test('the pattern knows every field, and captures those that it says', () => {
  const asIfPlain = everything
    .replaceAll(/\\./g, '')
    .replaceAll(/[^ -~]/g, '')
    .replaceAll(':9007199254740991', ':7')
  const parts = ENTRY.exec(asIfPlain) ?? assert.fail('an entry with every field is not matched')
  const members = JSON.parse(asIfPlain)
  assert.deepEqual(Object.keys(members), Object.keys(ENTRY_FIELDS))
  for (const [i, name] of CAPTURED.entries()) {
    const part = parts[i + 1] ?? assert.fail(name)
    assert.deepEqual(typeof members[name] === 'string' ? part : JSON.parse(part), members[name], name)
  }
})

for (const { name, find, put } of refused.edits) {
  const text = refused.base.replace(find, () => put)
  if (isAscii(text)) test(`refused: ${name}`, () => assert.equal(assertAgrees(text), 'refused'))
}

test('any draft that becomes an entry is read as the authority reads it', () => {
  fc.assert(
    fc.property(fc.array(anyDraft, { minLength: 1, maxLength: 3 }), (drafts) => {
      const known = drafts.map(({ action, ...draft }) =>
        action === ANY_ACTION ? { ...draft, action: 'tool_invoked' as const } : { ...draft, action },
      )
      for (const { entry } of sampleLog(known)) {
        const text = Buffer.from(entry).toString('utf8')
        if (isAscii(text)) assert.equal(assertAgrees(text), 'read')
        else assert.deepEqual(skimEntry(entry), parseEntry(entry))
      }
    }),
    { numRuns: 300 },
  )
})

test('an edited entry is read or refused as the authority does', () => {
  const characters = [
    ...'"{}[]:,.-+ 019aAefn\u007f\n\\',
    '__proto__',
    '"a":1,',
    '1e5',
    '-0',
    'x'.repeat(257),
    '[]',
    '{}',
  ]
  const edit = fc.record({
    text: fc.constantFrom(...texts, refused.base),
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.constantFrom('', ...characters),
  })
  const outcomes = { read: 0, refused: 0 }
  fc.assert(
    fc.property(edit, ({ text, at, remove, insert }) => {
      const from = at % (text.length + 1)
      outcomes[assertAgrees(text.slice(0, from) + insert + text.slice(from + remove))]++
    }),
    { numRuns: 10_000 },
  )
  assert.ok(outcomes.read > 100 && outcomes.refused > 1_000, JSON.stringify(outcomes))
})

test('a value in the place of another is read or refused as the authority does', () => {
  const values = [
    ...['1', '0', '-1', '1.5', '9007199254740991', '9007199254740992', 'true', 'null', '[]', '{}', '""', '"a"', '"A"'],
    ...[
      '"success"',
      '"tool_invoked"',
      '"a.b"',
      '"2026-02-29T00:00:00.000Z"',
      '"2026-02-28T00:00:00.000Z"',
      '["b","a"]',
    ],
    ...[
      '["a","a"]',
      '["a","b"]',
      '{"b":1,"a":2}',
      '{"ip":"10.0.0.1"}',
      '{"host":"a","ip":"b"}',
      '{"ip":"b","host":"a"}',
    ],
    ...[
      `"${'a'.repeat(256)}"`,
      `"${'a'.repeat(257)}"`,
      `"${'f'.repeat(64)}"`,
      `"${'F'.repeat(64)}"`,
      '{"x":"},\\"id\\":"}',
    ],
    ...['{"x":"},"}', '{"draft_commitment":"a"}', '"0193f5a2-7c00-7abc-8def-000000000000"'],
  ]
  const fields = fc.constantFrom(...Object.keys(ENTRY_FIELDS))
  fc.assert(
    fc.property(fields, fc.constantFrom(...values), fc.option(fields), (name, value, removed) => {
      const members = Object.entries(JSON.parse(refused.base)).filter(([other]) => other !== removed)
      const written = members.map(([other, its]) => `"${other}":${other === name ? value : JSON.stringify(its)}`)
      assertAgrees(`{${written.join(',')}}`)
    }),
    { numRuns: 5_000 },
  )
})

test('a text of any length, made to be read in many ways, is refused like any other', () => {
  const tail = plain[0]?.slice(plain[0].indexOf('"draft_commitment"')) ?? ''
  const head = (plain[0] ?? '').slice(0, (plain[0] ?? '').indexOf('"draft_commitment"'))
  const repeated = `"details":{${`},${tail.slice(0, -1)},`.repeat(100)}`
  assert.equal(assertAgrees(`${head}${repeated}`), 'refused')
  assert.equal(assertAgrees(`${head}"details":{${'}'.repeat(60_000)},${tail}`), 'refused')
})

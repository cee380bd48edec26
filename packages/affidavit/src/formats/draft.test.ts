import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { ANY_ACTION, anyDraft } from '../../test/any-draft.ts'
import { canonicalJson, ENTRY_JSON, JsonFault, parseJson } from '../bytes/json.ts'
import type { ApplicationActions } from './actions.ts'
import { DRAFT_FIELDS, parseDraft, parseOwnDraft } from './draft.ts'
import { DraftFault } from './draft-fault.ts'
import { canonicalDraft, canonicalFields } from './entry.ts'
import { type Draft, ENTRY_FIELDS, RESERVED_ACTIONS } from './fields.ts'

const BARE = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' } as const
const ACTIONS: ApplicationActions = {
  [ANY_ACTION]: { description: 'A patient was referred to another clinic.' },
  'bank2.wire.approved': { description: 'A transfer was approved.', requires: ['grant_id', 'resource_id'] },
}

/** What is admitted of a value, as canonical text. */
function admitted(value: unknown): string {
  return canonicalDraft(canonicalFields(parseDraft(value, ACTIONS)))
}

function assertRefused(admit: () => unknown, path: string, problem: string): void {
  try {
    admit()
  } catch (error) {
    assert.ok(error instanceof DraftFault || error instanceof JsonFault, `threw ${error}`)
    assert.deepEqual([error.path, error.message.includes(problem)], [path, true], error.message)
    return
  }
  assert.fail('it was admitted')
}

// --- named lies ---

interface Refused {
  lies: { name: string; text: string; path: string; problem: string }[]
}

const refused: Refused = JSON.parse(
  readFileSync(new URL('../../testdata/entry/refused-drafts.json', import.meta.url), 'utf8'),
)

for (const { name, text, path, problem } of refused.lies) {
  test(`refused as a draft: ${name}`, () => {
    const admit = (): string => canonicalDraft(canonicalFields(parseDraft(parseJson(text, ENTRY_JSON), {})))
    assertRefused(admit, path, problem)
  })
}

class Patient {
  action = 'tool_invoked'
  actor_id = 'agent-1'
  actor_type = 'agent'
  get outcome(): string {
    return 'success'
  }
}

const hole = ['a', 'b']
delete hole[0]
const cycle: Record<string, unknown> = {}
cycle.self = [cycle]
const throws = (): never => {
  throw new Error('secret')
}

/** What only a program can hand in: name, value, path, what is said of it. */
const strangers: readonly (readonly [name: string, value: unknown, path: string, problem: string])[] = [
  ['undefined', undefined, '', 'not undefined'],
  ['a function', () => BARE, '', 'not function'],
  ['a bigint', 1n, '', 'not bigint'],
  ['a Map of fields', new Map(Object.entries(BARE)), '', 'an instance of Map'],
  ['a Promise of a draft', Promise.resolve(BARE), '', 'an instance of Promise'],
  ['an instance of a class, whose getters would be lost', new Patient(), '', 'an instance of Patient'],
  ['fields that are inherited', Object.create(BARE), '', 'give a plain object'],
  ['a symbol key', { ...BARE, [Symbol('s')]: 1 }, '', 'symbol key'],
  ['an own key __proto__', withProto(BARE), '__proto__', 'refused'],
  ['an own key __proto__ in source', { ...BARE, source: withProto({}) }, 'source.__proto__', 'no such field'],
  ['an own key __proto__ in details', { ...BARE, details: withProto({}) }, 'details.__proto__', 'is refused'],
  ['NaN for a number', { ...BARE, producer_id: 'p', producer_seq: Number.NaN }, 'producer_seq', 'must be'],
  ['infinity for a number', { ...BARE, producer_id: 'p', producer_seq: 1 / 0 }, 'producer_seq', 'must be'],
  ['a bigint for a number', { ...BARE, producer_id: 'p', producer_seq: 1n }, 'producer_seq', 'must be'],
  ['NaN in details', { ...BARE, details: { n: Number.NaN } }, 'details.n', 'no JSON number'],
  ['infinity in details', { ...BARE, details: { n: [Number.NEGATIVE_INFINITY] } }, 'details.n[0]', 'no JSON number'],
  ['an unsafe integer in details', { ...BARE, details: { n: 2 ** 53 } }, 'details.n', 'write it as a string'],
  ['a Date for a timestamp', { ...BARE, timestamp: new Date() }, 'timestamp', 'must be string'],
  ['a Date in details', { ...BARE, details: { at: new Date() } }, 'details.at', 'an instance of Date'],
  ['a Map for details', { ...BARE, details: new Map() }, 'details', 'an instance of Map'],
  ['an Error in details', { ...BARE, details: { cause: new Error('x') } }, 'details.cause', 'an instance of Error'],
  ['a boxed text', { ...BARE, actor_id: Object('agent-1') }, 'actor_id', 'must be string'],
  ['an object with toString', { ...BARE, actor_id: { toString: () => 'agent-1' } }, 'actor_id', 'must be string'],
  ['a Set for subjects', { ...BARE, subject_ids: new Set(['a']) }, 'subject_ids', 'must be array'],
  ['a hole in a list', { ...BARE, subject_ids: hole }, 'subject_ids[0]', 'must be string'],
  ['undefined in a list', { ...BARE, subject_ids: ['a', undefined] }, 'subject_ids[1]', 'must be string'],
  ['a list without end', { ...BARE, subject_ids: endless() }, 'subject_ids', 'more values than a draft has room for'],
  ['a Date for a source', { ...BARE, source: new Date() }, 'source', 'an instance of Date'],
  ['a URL in a source', { ...BARE, source: { host: new URL('http://a') } }, 'source.host', 'must be string'],
  ['a bigint in details', { ...BARE, details: { n: 1n } }, 'details.n', 'bigint has no JSON form'],
  ['a function in details', { ...BARE, details: { f: throws } }, 'details.f', 'function has no JSON form'],
  ['a symbol in details', { ...BARE, details: { s: Symbol('s') } }, 'details.s', 'symbol has no JSON form'],
  ['undefined in details', { ...BARE, details: { a: undefined } }, 'details.a', 'undefined has no JSON form'],
  ['an object with toJSON', { ...BARE, details: { toJSON: () => ({}) } }, 'details.toJSON', 'function has no JSON'],
  ['bytes in details', { ...BARE, details: { body: Buffer.from('x') } }, 'details.body', 'an instance of Buffer'],
  ['a hole in details', { ...BARE, details: { list: hole } }, 'details.list[0]', 'hole'],
  ['a cycle', { ...BARE, details: cycle }, `details${'.self[0]'.repeat(15)}.self`, 'nested deeper than 32'],
  ['a lone surrogate', { ...BARE, purpose: '\ud800' }, 'purpose', 'lone surrogate'],
  [
    'a getter that throws',
    {
      ...BARE,
      get outcome(): never {
        return throws()
      },
    },
    'outcome',
    'reading it threw',
  ],
  [
    'a getter in details that throws',
    {
      ...BARE,
      details: {
        get a(): never {
          return throws()
        },
      },
    },
    'details',
    'threw',
  ],
  [
    'a getter in source that throws',
    {
      ...BARE,
      source: {
        get ip(): never {
          return throws()
        },
      },
    },
    'source',
    'threw',
  ],
  ['a proxy that throws', new Proxy(BARE, { ownKeys: throws }), '', 'reading it threw'],
  [
    'a proxy in details that throws',
    { ...BARE, details: new Proxy({}, { getPrototypeOf: throws }) },
    'details',
    'threw',
  ],
  ['a revoked proxy', revoked(), '', 'reading it threw'],
  ['a revoked proxy for a list', { ...BARE, subject_ids: revoked() }, 'subject_ids', 'reading it threw'],
]

function withProto(object: object): object {
  return Object.defineProperty({ ...object }, '__proto__', { value: { outcome: 'success' }, enumerable: true })
}

function endless(): unknown[] {
  return new Proxy([], { get: (_, name) => (name === 'length' ? 2 ** 32 - 1 : 'a') })
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

for (const [name, value, path, problem] of strangers) {
  test(`refused as a draft, from a program: ${name}`, () => assertRefused(() => admitted(value), path, problem))
}

test('what a refused draft holds, or throws, is not repeated in the message', () => {
  for (const [, value] of strangers) {
    assert.throws(
      () => admitted(value),
      (error: Error) => !error.message.includes('secret'),
    )
  }
})

// --- a caller's object is read once ---

test('a getter has no second answer to give', () => {
  let reads = 0
  const once = (first: unknown): unknown => (++reads === 1 ? first : 'a lie')
  for (const [field, honest] of [
    ['outcome', 'success'],
    ['subject_ids', ['tok_1']],
    ['source', { ip: '::1' }],
    ['details', { tokens: 7 }],
  ] as const) {
    reads = 0
    const draft = Object.defineProperty({ ...BARE }, field, { get: () => once(honest), enumerable: true })
    assert.equal(admitted(draft), canonicalJson({ ...BARE, [field]: honest }, ENTRY_JSON))
    assert.equal(reads, 1, field)
  }
})

test('a getter in source, in a list or in details is read once', () => {
  let reads = 0
  const counting = { get: () => `read ${++reads}`, enumerable: true }
  const draft = {
    ...BARE,
    source: Object.defineProperty({}, 'ip', counting),
    subject_ids: Object.defineProperty(['', 'b'], 0, counting),
    details: { list: [Object.defineProperty({}, 'n', counting)] },
  }
  const text = admitted(draft)
  assert.equal(reads, 3)
  assert.ok(text.includes('"details":{"list":[{"n":"read 3"}]}'), text)
})

test('a proxy that answers anew each time is admitted as it was validated', () => {
  let answers = 0
  const shifty = new Proxy(
    { ...BARE, subject_ids: ['tok_1'], details: { a: 1 } },
    {
      get: (target, name) => (name === 'actor_id' ? `agent-${++answers}` : Reflect.get(target, name)),
    },
  )
  assert.ok(admitted(shifty).includes('"actor_id":"agent-1"'))
  assert.equal(answers, 1)
})

test('a list whose iterator tells another story is read by its places', () => {
  const list = Object.assign(['tok_1'], {
    *[Symbol.iterator]() {
      yield 'tok_2'
    },
  })
  assert.ok(admitted({ ...BARE, subject_ids: list }).includes('"subject_ids":["tok_1"]'))
})

test('a draft that is changed after it was checked stays as it was checked', () => {
  const draft = { ...BARE, source: { ip: '::1' }, subject_ids: ['tok_1'], compliance_domains: ['gdpr'] }
  const parsed = parseDraft(draft, {})
  draft.source.ip = '\0'
  draft.subject_ids[0] = '\0'
  draft.compliance_domains.push('X')
  assert.deepEqual(parsed, { ...BARE, source: { ip: '::1' }, subject_ids: ['tok_1'], compliance_domains: ['gdpr'] })
})

// --- what is admitted ---

test('every draft that the format allows is admitted as it is', () => {
  fc.assert(
    fc.property(anyDraft, (draft) => {
      assert.equal(admitted(draft), canonicalJson(draft, ENTRY_JSON))
    }),
    { numRuns: 300 },
  )
})

test('members that are undefined are absent', () => {
  const draft = { ...BARE, outcome: undefined, source: { ip: '::1', host: undefined }, subject_ids: undefined }
  assert.equal(admitted(draft), canonicalJson({ ...BARE, source: { ip: '::1' } }, ENTRY_JSON))
})

test('a draft without a prototype is admitted', () => {
  assert.equal(admitted(Object.assign(Object.create(null), BARE)), canonicalJson(BARE, ENTRY_JSON))
})

test('minus zero is zero', () => {
  assert.ok(admitted({ ...BARE, details: { n: -0 } }).includes('"details":{"n":0}'))
})

test('a late and an early claim are admitted: skew is recorded, never refused', () => {
  for (const timestamp of ['0000-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z']) {
    assert.ok(admitted({ ...BARE, timestamp }).includes(timestamp))
  }
})

test('details may hold 32 levels in the whole record', () => {
  let deep: unknown[] = []
  for (let level = 3; level < 32; level++) deep = [deep]
  admitted({ ...BARE, details: { deep } })
  assertRefused(() => admitted({ ...BARE, details: { deep: [deep] } }), `details.deep${'[0]'.repeat(30)}`, 'nested')
})

// --- actions ---

test('an action of the catalogue is admitted with the fields that it requires', () => {
  const wire = { ...BARE, action: 'bank2.wire.approved', resource_type: 'account', resource_id: 'r', grant_id: 'g' }
  admitted(wire)
  const { resource_id: _, ...without } = wire
  assertRefused(() => admitted(without), 'resource_id', 'bank2.wire.approved requires this field')
})

test('a name that every object has is no action of the catalogue', () => {
  for (const action of ['constructor', '__proto__', 'toString']) {
    assertRefused(() => admitted({ ...BARE, action }), 'action', 'no action of format v 1')
  }
})

test('a catalogue does not make an action of a name that has not the form of one', () => {
  const actions = JSON.parse('{"logging_stopped2":{"description":"x"},"Clinic.X":{"description":"x"}}')
  for (const action of ['logging_stopped2', 'Clinic.X']) {
    assertRefused(() => parseDraft({ ...BARE, action }, actions), 'action', 'no action of format v 1')
  }
})

// Those of holds have a form of their own: hold.test.ts.
test('the ledger itself records reserved actions, by the same rules', () => {
  for (const action of RESERVED_ACTIONS) {
    if (action.startsWith('hold_')) continue
    const draft = JSON.parse(JSON.stringify({ ...BARE, action }))
    assert.equal(parseOwnDraft(draft).action, action)
    assertRefused(() => parseOwnDraft({ ...draft, actor_id: 'e\u0301' }), 'actor_id', 'NFC')
  }
  assertRefused(() => parseOwnDraft({ ...BARE, action: ANY_ACTION }), 'action', 'not in the catalogue')
})

// --- one table of fields ---

const DRAFT: Record<keyof Draft, true> = {
  id: true,
  timestamp: true,
  action: true,
  outcome: true,
  outcome_reason: true,
  actor_id: true,
  actor_type: true,
  on_behalf_of: true,
  agent_name: true,
  agent_version: true,
  model: true,
  prompt_version: true,
  producer_id: true,
  producer_seq: true,
  conversation_id: true,
  parent_id: true,
  resource_type: true,
  resource_id: true,
  subject_ids: true,
  purpose: true,
  grant_id: true,
  source: true,
  details: true,
  data_classification: true,
  compliance_domains: true,
  retention_class: true,
  assurance: true,
  content: true,
}

test("the schema, the type Draft and the table of fields name the same fields as the caller's", () => {
  const callers = Object.keys(ENTRY_FIELDS).filter((name) => ENTRY_FIELDS[name]?.set === 'caller')
  assert.deepEqual([...DRAFT_FIELDS].sort(), callers)
  assert.deepEqual(Object.keys(DRAFT).sort(), callers)
})

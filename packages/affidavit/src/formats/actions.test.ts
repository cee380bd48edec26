import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type ApplicationActions, defineActions, isApplicationAction, parseActions } from './actions.ts'
import {
  ACTION,
  ACTIONS,
  AGENT_ACTIONS,
  HUMAN_ACTIONS,
  LATE_ACTIONS,
  LEDGER_ACTIONS,
  RESERVED_ACTIONS,
} from './fields.ts'

test('the built-in actions are words without a dot, and no two are the same', () => {
  assert.equal(new Set(ACTIONS).size, ACTIONS.length)
  for (const action of ACTIONS) {
    assert.match(action, /^[a-z]+(_[a-z]+)+$/)
    assert.match(action, ACTION)
    assert.ok(!isApplicationAction(action))
  }
})

test('the format has 19 actions of agents, 21 of the ledger, 6 late facts and 7 of people', () => {
  assert.deepEqual(
    [AGENT_ACTIONS.length, LEDGER_ACTIONS.length, LATE_ACTIONS.length, HUMAN_ACTIONS.length],
    [19, 21, 6, 7],
  )
})

test('what is reserved is an action of the ledger', () => {
  const own: readonly string[] = LEDGER_ACTIONS
  for (const action of RESERVED_ACTIONS) assert.ok(own.includes(action), action)
})

for (const name of ['clinic.referral_sent', 'a.b', 'bank2.wire.approved', `c.${'a'.repeat(254)}`]) {
  test(`declared as an action: ${name.slice(0, 30)}`, () => {
    const actions: ApplicationActions = JSON.parse(JSON.stringify({ [name]: { description: 'x' } }))
    assert.equal(defineActions(actions), actions)
    assert.deepEqual(parseActions(actions), actions)
  })
}

for (const name of [
  '',
  'referral_sent',
  'logging_started',
  'Clinic.sent',
  'clinic.Sent',
  '.sent',
  'clinic.',
  'clinic..sent',
  'clinic.2sent',
  'clinic._sent',
  'clinic.referral-sent',
  'clinic.sent ',
  'clinic.sent\n',
  'klinik.größe',
  `c.${'a'.repeat(255)}`,
]) {
  test(`not declared as an action: ${JSON.stringify(name.slice(0, 30))}`, () => {
    const actions: ApplicationActions = JSON.parse(JSON.stringify({ [name]: { description: 'x' } }))
    assert.throws(() => defineActions(actions), RangeError)
    assert.throws(() => parseActions(actions), RangeError)
    assert.ok(!isApplicationAction(name))
  })
}

test('a catalogue keeps the names of its actions as a type', () => {
  const actions = defineActions({ 'clinic.referral_sent': { description: 'A patient was referred.' } })
  const name: keyof typeof actions = 'clinic.referral_sent'
  assert.ok(name in actions)
})

test('a catalogue from a file keeps the required fields', () => {
  const catalogue = { 'clinic.referral_sent': { description: 'A patient was referred.', requires: ['resource_id'] } }
  assert.deepEqual(parseActions(catalogue), catalogue)
})

for (const [name, catalogue, problem] of [
  ['a list', [], 'an object of actions by name'],
  ['null', null, 'an object of actions by name'],
  ['a text', 'clinic.sent', 'an object of actions by name'],
  ['a definition that is a text', { 'a.b': 'x' }, 'a.b: a definition is an object'],
  ['no description', { 'a.b': {} }, 'a.b: description is a text'],
  ['a description that is a number', { 'a.b': { description: 1 } }, 'a.b: description is a text'],
  ['an unknown member', { 'a.b': { description: 'x', require: [] } }, 'a.b: no such member "require"'],
  ['required fields that are a text', { 'a.b': { description: 'x', requires: 'id' } }, 'a.b: requires is a list'],
  [
    'a required field that does not exist',
    { 'a.b': { description: 'x', requires: ['user'] } },
    '"user", which is no field',
  ],
  ['a required field of the ledger', { 'a.b': { description: 'x', requires: ['seq'] } }, '"seq", which is no field'],
  ['a required field that every object has', { 'a.b': { description: 'x', requires: ['toString'] } }, 'is no field'],
  ['a required field that is a number', { 'a.b': { description: 'x', requires: [1] } }, '1, which is no field'],
] as const) {
  test(`refused as a catalogue: ${name}`, () => {
    assert.throws(
      () => parseActions(catalogue),
      (error: Error) => error instanceof RangeError && error.message.includes(problem),
    )
  })
}

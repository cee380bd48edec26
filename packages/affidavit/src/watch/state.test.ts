import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { formatState, NEW_STATE, parseState, stateKey, type WatchState } from './state.ts'

const key = stateKey(createSecretKey(randomBytes(32)))
const other = stateKey(createSecretKey(randomBytes(32)))

const at = '2026-11-22T12:00:00.000Z'
const verdict = {
  run: 'complete',
  at,
  status: 'tampered',
  ledger: 'a.example/x/0123456789abcdef',
  records_checked: 7,
  as_of_seq: 6,
  findings: [
    { code: 'entry-altered', count: 1, seq: 3 },
    { code: 'database-unreadable', count: 1 },
  ],
  findings_count: 2,
} as const
const STATE: WatchState = {
  runs: 4,
  last_run: { verdict, recorded: false, not_recorded_because: 'what was tampered with is left as it is' },
  tried_at: at,
  due_at: at,
  complete: verdict,
  incremental: verdict,
  last_violation: verdict,
  base: { ledger: 'a.example/x/0123456789abcdef', size: 3, note: 'a note\n' },
  faults: { count: 2, code: 'store-unavailable', since: at },
  raised: { verdict: { fingerprint: 'f', at }, faults: { at } },
  next_alert: 5,
}

test('what is remembered is read back, with a key and without', () => {
  for (const state of [NEW_STATE, STATE]) {
    assert.deepEqual(parseState(formatState(state, key), key), { from: 'own', state })
    assert.deepEqual(parseState(formatState(state, undefined), undefined), { from: 'unkeyed', state })
  }
})

test('whoever changes, cuts off or adds a character is not believed', () => {
  const text = formatState(STATE, key)
  const changed = [...text].map((was, i) => `${text.slice(0, i)}${was === '0' ? '1' : '0'}${text.slice(i + 1)}`)
  const cut = [...text].map((_, i) => text.slice(0, i))
  for (const lie of [...changed, ...cut, `${text} `, `${text}\n`, `\n${text}`, text.repeat(2)]) {
    assert.ok(!('state' in parseState(lie, key)), lie)
  }
})

test('what was written under another key, or under none, is not believed, and nobody is accused', () => {
  assert.deepEqual(parseState(formatState(STATE, other), key), { from: 'other' })
  assert.deepEqual(parseState(formatState(STATE, undefined), key), { from: 'other' })
  assert.deepEqual(parseState(formatState(STATE, key), undefined), { from: 'other' })
})

test('where there is no key, what has another form is not read', () => {
  const text = formatState(STATE, undefined)
  for (const lie of [
    text.replace('"runs":4', '"runs":-1'),
    text.replace('"runs":4', '"runs":"4"'),
    text.replace('"runs":4,', ''),
    text.replace('"runs":4', '"runs":4,"more":1'),
    text.replace('2026-11-22T12', '2026-11-22 12'),
    text.replace('{', '['),
    '',
  ]) {
    assert.deepEqual(parseState(lie, undefined), { from: 'altered' }, lie)
  }
})

test('the state does not show its key', () => {
  assert.notEqual(key.check, other.check)
  assert.ok(!formatState(STATE, key).includes(key.key.export().toString('hex')))
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { type Details, parseCheckpointKeyChange, parseKeyringTurn } from './key-rotation.ts'
import { generateSignerKey } from './signer-key.ts'
import { formatVerifierKey } from './verifier-key.ts'

const keyText = (): string => formatVerifierKey(generateSignerKey('clinic.example/agents/0123', 'ed25519').verifierKey)

const CHANGE: Details = { old_key: keyText(), new_key: keyText(), attempt: 0 }
const ROTATED: Details = {
  key: 'keyring',
  told: 'by-rotation',
  keyring_generation: 3,
  previous_generation: 2,
  old_version: '0002-abcdef0123456789',
  new_version: '0003-0123456789abcdef',
  retired_key_versions: ['0001-abcdef0123456789', '0002-abcdef0123456789'],
}
const { old_version: _, ...found } = ROTATED
const FOUND: Details = { ...found, told: 'at-opening' }

test('a change of the checkpoint key is read, with and without the number of its attempt', () => {
  const read = parseCheckpointKeyChange(CHANGE)
  assert.deepEqual(read && [formatVerifierKey(read.oldKey), formatVerifierKey(read.newKey)], [
    CHANGE.old_key,
    CHANGE.new_key,
  ])
  const { attempt: _, ...first } = CHANGE
  assert.deepEqual(parseCheckpointKeyChange(first), read)
})

test('a turn-over of the keyring is read, told by whoever did it or found at opening', () => {
  assert.deepEqual(parseKeyringTurn(ROTATED), ROTATED)
  assert.deepEqual(parseKeyringTurn(FOUND), FOUND)
  assert.deepEqual(parseKeyringTurn({ ...FOUND, retired_key_versions: [] }), { ...FOUND, retired_key_versions: [] })
})

const NO_CHANGE: Readonly<Record<string, Details>> = {
  'a keyring by its word': { ...CHANGE, key: 'keyring' },
  'a checkpoint key by a word of its own': { ...CHANGE, key: 'checkpoint' },
  'a generation beside the keys': { ...CHANGE, keyring_generation: 2 },
  'all of both': { ...ROTATED, ...CHANGE },
  'without the old key': { new_key: CHANGE.new_key, attempt: 0 },
  'without the new key': { old_key: CHANGE.old_key, attempt: 0 },
  'a key that is none': { ...CHANGE, new_key: 'clinic.example' },
  'a key that is no text': { ...CHANGE, old_key: 7 },
  nothing: {},
}

describe('no change of the checkpoint key', () => {
  for (const [lie, details] of Object.entries(NO_CHANGE)) {
    test(lie, () => assert.equal(parseCheckpointKeyChange(details), undefined))
  }
})

const NO_TURN: Readonly<Record<string, Details>> = {
  'all of both': { ...CHANGE, ...ROTATED },
  'an old key beside it': { ...ROTATED, old_key: CHANGE.old_key },
  'an attempt beside it': { ...FOUND, attempt: 0 },
  'of another key': { ...ROTATED, key: 'checkpoint' },
  'told by nobody': { ...ROTATED, told: undefined },
  'told in other words': { ...ROTATED, told: 'by-hand' },
  'a rotation that does not know what it replaced': { ...FOUND, told: 'by-rotation' },
  'found, and knowing what it replaced': { ...ROTATED, told: 'at-opening' },
  'generation 0': { ...ROTATED, keyring_generation: 0 },
  'a generation that is no integer': { ...ROTATED, keyring_generation: 2.5 },
  'a generation as a text': { ...ROTATED, previous_generation: '2' },
  'an empty version': { ...ROTATED, new_version: '' },
  'a version with a line feed': { ...ROTATED, old_version: 'a\nb' },
  'retired versions out of order': { ...ROTATED, retired_key_versions: ['b', 'a'] },
  'a retired version twice': { ...ROTATED, retired_key_versions: ['a', 'a'] },
  'a retired version that is no text': { ...ROTATED, retired_key_versions: [7] },
  'more retired versions than are listed': {
    ...ROTATED,
    retired_key_versions: Array.from({ length: 101 }, (_, i) => `v${i + 100}`),
  },
  'retired versions as a text': { ...ROTATED, retired_key_versions: 'a' },
}

describe('no turn-over of the keyring', () => {
  for (const [lie, details] of Object.entries(NO_TURN)) {
    test(lie, () => assert.equal(parseKeyringTurn(details), undefined))
  }
  for (const name of Object.keys(ROTATED)) {
    test(`without ${name}`, () => {
      const { [name]: _, ...rest } = ROTATED
      assert.equal(parseKeyringTurn(rest), undefined)
    })
  }
})

test('no details announce both, whatever is taken from each and whatever is added', () => {
  const members = { ...CHANGE, ...ROTATED, ...FOUND, checkpoint_key: CHANGE.new_key }
  const some = fc.subarray(Object.keys(members))
  fc.assert(
    fc.property(some, fc.constantFrom('by-rotation', 'at-opening'), fc.anything(), (names, told, other) => {
      const details = Object.fromEntries(
        names.map((name) => [
          name,
          name === 'told' ? told : Object.entries(members).find(([one]) => one === name)?.[1],
        ]),
      )
      for (const one of [details, { ...details, ...(typeof other === 'object' ? other : {}) }]) {
        assert.ok(parseCheckpointKeyChange(one) === undefined || parseKeyringTurn(one) === undefined)
      }
    }),
    { numRuns: 2_000 },
  )
})

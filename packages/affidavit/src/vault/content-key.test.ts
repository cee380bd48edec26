import assert from 'node:assert/strict'
import { createSecretKey, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { naiveContentKey, naiveHead, naiveSha256 } from '../../test/oracle/naive-vault.ts'
import { bytesFromHex, contentKeyLies, contentKeyVectors, keyFromHex } from '../../test/vault-vectors.ts'
import { createRandomSource } from '../crypto/random.ts'
import {
  createPayloadKey,
  type UnwrapFault,
  type UnwrapInput,
  unwrapPayloadKey,
  wrapPayloadKey,
} from './content-key.ts'

const random = createRandomSource()
const hexOf = (key: KeyObject | UnwrapFault): string => ('code' in key ? key.code : key.export().toString('hex'))

for (const vector of contentKeyVectors) {
  const { name, scopeKeys, body_digest, payloadKeyHex, nonceHex, contentKeyHex, key_id, ledger, blob_id } = vector
  test(`wrapped and unwrapped as the golden content key: ${name}`, () => {
    const keys = new Map(Object.entries(scopeKeys).map(([id, hex]) => [id, keyFromHex(hex)]))
    // The order in which scopes are given leaves no trace.
    const reversed = new Map([...keys].reverse())
    const payloadKey = keyFromHex(payloadKeyHex)
    const input = { ledger, blob_id, scopeKeys: reversed, body_digest, payloadKey }
    const wrapped = wrapPayloadKey({ ...input, random: () => bytesFromHex(nonceHex) })
    assert.deepEqual(wrapped, { contentKey: bytesFromHex(contentKeyHex), key_id })
    const unwrapped = unwrapPayloadKey({ ledger, blob_id, key_id, contentKey: wrapped.contentKey, scopeKeys: reversed })
    assert.equal(hexOf(unwrapped), payloadKeyHex)
    assert.equal(hexOf(payloadKey), payloadKeyHex)
  })
}

const id = (n: number): string => n.toString(16).padStart(32, '0')
const PLACE = { ledger: 'clinic.example/a/0123456789abcdef', blob_id: 'ab'.repeat(16) }
const DIGEST = 'cd'.repeat(32)

test('what was wrapped under any scopes is unwrapped with them, and with one of them missing it is not', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 40 }), fc.nat(), (numbers, at) => {
      const scopeKeys = new Map(numbers.map((n) => [id(n), createPayloadKey(random)]))
      const payloadKey = createPayloadKey(random)
      const { contentKey, key_id } = wrapPayloadKey({ ...PLACE, scopeKeys, body_digest: DIGEST, payloadKey, random })
      const input = { ...PLACE, contentKey, key_id }
      const more = new Map([...scopeKeys, ['ff'.repeat(16), payloadKey]])
      assert.equal(hexOf(unwrapPayloadKey({ ...input, scopeKeys: more })), hexOf(payloadKey))
      const lost = id(numbers[at % numbers.length] ?? 0)
      more.delete(lost)
      assert.deepEqual(unwrapPayloadKey({ ...input, scopeKeys: more }), {
        code: 'scope-key-missing',
        scope_ids: [lost],
      })
      more.set(lost, createPayloadKey(random))
      assert.deepEqual(unwrapPayloadKey({ ...input, scopeKeys: more }), { code: 'wrong-key' })
    }),
    { numRuns: 50 },
  )
})

test('the body digest that was given stands in the content key', () => {
  const input = { ...PLACE, scopeKeys: new Map([[id(1), createPayloadKey(random)]]), random }
  const { contentKey } = wrapPayloadKey({ ...input, body_digest: DIGEST, payloadKey: createPayloadKey(random) })
  assert.equal(Buffer.from(contentKey.subarray(1, 33)).toString('hex'), DIGEST)
})

test('a payload key that is wrapped twice has another content key', () => {
  const scopeKeys = new Map([[id(1), createPayloadKey(random)]])
  const input = { ...PLACE, scopeKeys, body_digest: DIGEST, payloadKey: createPayloadKey(random), random }
  assert.notEqual(wrapPayloadKey(input).key_id, wrapPayloadKey(input).key_id)
})

test('no two payload keys are the same, and none can be found again in the random bytes it was made of', () => {
  const portion = new Uint8Array(32).fill(5)
  const key = createPayloadKey(() => portion)
  assert.equal(hexOf(key), '05'.repeat(32))
  assert.deepEqual(portion, new Uint8Array(32))
  assert.notEqual(hexOf(createPayloadKey(random)), hexOf(createPayloadKey(random)))
})

const [KEY_1, KEY_2, PAYLOAD_KEY] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)]
const SCOPES = [[id(1), KEY_1] as const, [id(2), KEY_2] as const]
const NONCE = Buffer.alloc(12, 4)
const WRAPPED = { ...PLACE, body_digest: DIGEST }
const OTHER_DIGEST = 'ce'.repeat(32)
const CONTENT_KEY = naiveContentKey(WRAPPED, SCOPES, PAYLOAD_KEY, NONCE)
const GOOD: UnwrapInput = {
  ...PLACE,
  key_id: naiveSha256(CONTENT_KEY),
  contentKey: CONTENT_KEY,
  scopeKeys: new Map(SCOPES.map(([id, key]) => [id, createSecretKey(key)])),
}

test('every single bit of a content key that is flipped is found against the id in the entry', () => {
  assert.equal(hexOf(unwrapPayloadKey(GOOD)), PAYLOAD_KEY.toString('hex'))
  for (let bit = 0; bit < CONTENT_KEY.length * 8; bit++) {
    const contentKey = Uint8Array.from(CONTENT_KEY)
    contentKey[bit >> 3] = (contentKey[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const got = naiveSha256(contentKey)
    assert.deepEqual(unwrapPayloadKey({ ...GOOD, contentKey }), {
      code: 'content-key-altered',
      expected: GOOD.key_id,
      got,
    })
    // And where the id was changed with it, it still does not open.
    assert.equal('code' in unwrapPayloadKey({ ...GOOD, contentKey, key_id: got }), true)
  }
})

const HEAD = naiveHead(DIGEST, SCOPES)

/** The wrapped key with other bytes in front of it, and the id that is theirs. */
function behind(head: Buffer): Partial<UnwrapInput> {
  return swapped(Buffer.concat([head, CONTENT_KEY.subarray(HEAD.length)]))
}

/** A payload key that is bound to other bytes than those in front of it. */
function boundTo(bound: Buffer): Partial<UnwrapInput> {
  return swapped(naiveContentKey(WRAPPED, SCOPES, PAYLOAD_KEY, NONCE, bound))
}

/** Other bytes, with the id that is theirs. */
function swapped(contentKey: Buffer): Partial<UnwrapInput> {
  return { contentKey, key_id: naiveSha256(contentKey) }
}

const keys = (...scopes: readonly (readonly [string, Buffer])[]): Partial<UnwrapInput> => ({
  scopeKeys: new Map(scopes.map(([id, key]) => [id, createSecretKey(key)])),
})

const LIES: readonly (readonly [name: string, wrong: Partial<UnwrapInput>, fault: UnwrapFault])[] = [
  ['another ledger', { ledger: 'clinic.example/a/0123456789abcdee' }, { code: 'wrong-key' }],
  ['another payload', { blob_id: 'ac'.repeat(16) }, { code: 'wrong-key' }],
  ['the keys of two scopes exchanged', keys([id(1), KEY_2], [id(2), KEY_1]), { code: 'wrong-key' }],
  ['another key for one scope', keys([id(1), KEY_1], [id(2), PAYLOAD_KEY]), { code: 'wrong-key' }],
  ['the first scope key destroyed', keys([id(2), KEY_2]), { code: 'scope-key-missing', scope_ids: [id(1)] }],
  ['the last scope key destroyed', keys([id(1), KEY_1]), { code: 'scope-key-missing', scope_ids: [id(2)] }],
  ['all scope keys destroyed', keys(), { code: 'scope-key-missing', scope_ids: [id(1), id(2)] }],
  [
    'the scopes in another order',
    swapped(naiveContentKey(WRAPPED, SCOPES.toReversed(), PAYLOAD_KEY, NONCE)),
    { code: 'content-key-scope-order', scope: 1 },
  ],
  ['one scope named where two keys were used', behind(naiveHead(DIGEST, SCOPES.slice(0, 1))), { code: 'wrong-key' }],
  [
    'another scope named for the same key',
    {
      ...behind(
        naiveHead(DIGEST, [
          [id(1), KEY_1],
          [id(3), KEY_2],
        ]),
      ),
      ...keys([id(1), KEY_1], [id(3), KEY_2]),
    },
    { code: 'wrong-key' },
  ],
  [
    'another body digest in the content key, with its right id',
    behind(naiveHead(OTHER_DIGEST, SCOPES)),
    { code: 'wrong-key' },
  ],
  [
    'a payload key that is bound to another body digest',
    boundTo(naiveHead(OTHER_DIGEST, SCOPES)),
    { code: 'wrong-key' },
  ],
  ['a payload key that is bound to its scopes alone', boundTo(HEAD.subarray(33)), { code: 'wrong-key' }],
  ['a payload key that is bound to nothing in front of it', boundTo(Buffer.alloc(0)), { code: 'wrong-key' }],
  [
    'a wrapping for another blob, with its right id',
    swapped(naiveContentKey({ ...WRAPPED, blob_id: 'cd'.repeat(16) }, SCOPES, PAYLOAD_KEY, NONCE)),
    { code: 'wrong-key' },
  ],
]

for (const [name, wrong, fault] of LIES) {
  test(`not unwrapped: ${name}`, () => assert.deepEqual(unwrapPayloadKey({ ...GOOD, ...wrong }), fault))
}

test('bytes that are no content key are refused by their fault, with the id that is theirs', () => {
  for (const { contentKeyHex, lie } of contentKeyLies) {
    const wrong = swapped(Buffer.from(contentKeyHex, 'hex'))
    assert.equal(hexOf(unwrapPayloadKey({ ...GOOD, ...wrong })), lie)
  }
})

test('what cannot be wrapped is refused', () => {
  const scopeKeys = new Map([[id(1), createSecretKey(KEY_1)]])
  const input = { ...WRAPPED, scopeKeys, payloadKey: createSecretKey(PAYLOAD_KEY), random }
  const short = createSecretKey(Buffer.alloc(16))
  for (const wrong of [
    { scopeKeys: new Map() },
    { scopeKeys: new Map([['scope-7', createSecretKey(KEY_1)]]) },
    { scopeKeys: new Map([[id(1), short]]) },
    { payloadKey: short },
    { blob_id: 'AB'.repeat(16) },
    { body_digest: 'AB'.repeat(32) },
    { body_digest: 'ab'.repeat(16) },
  ]) {
    assert.throws(() => wrapPayloadKey({ ...input, ...wrong }), RangeError)
  }
  assert.throws(() => wrapPayloadKey({ ...input, payloadKey: short }), /^RangeError: a payload key has 32 bytes$/)
})

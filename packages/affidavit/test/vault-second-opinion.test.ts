// The golden bytes of the vault, made again by implementations that share nothing with ours.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

import { naiveBodyDigest, naiveContentKey, naiveOpen, naiveSeal, naiveSha256 } from './oracle/naive-vault.ts'
import { bodyOf, bytesFromHex, contentKeyVectors, payloadVectors } from './vault-vectors.ts'

for (const vector of payloadVectors) {
  test(`a naive reader of the page seals the golden payload: ${vector.name}`, () => {
    const [key, salt, body] = [bytesFromHex(vector.payloadKeyHex), bytesFromHex(vector.saltHex), bodyOf(vector)]
    const { sealed, commitment } = naiveSeal(key, vector, salt, body)
    const [plain_size, sealed_size] = [body.length, sealed.length]
    assert.deepEqual({ plain_size, sealed_size, ciphertext_sha256: naiveSha256(sealed), commitment }, vector.expected)
    if (vector.sealedHex !== undefined) assert.equal(sealed.toString('hex'), vector.sealedHex)
    assert.ok(naiveOpen(key, vector, sealed).equals(Buffer.concat([salt, body])))
  })
}

for (const vector of contentKeyVectors) {
  const { name, scopeKeys, payloadKeyHex, nonceHex, body_digest, contentKeyHex, key_id } = vector
  test(`a naive reader of the page wraps the golden content key: ${name}`, () => {
    const scopes = Object.entries(scopeKeys).map(([id, hex]) => [id, bytesFromHex(hex)] as const)
    assert.equal(naiveBodyDigest(vector, scopes, bodyOf(vector)), body_digest)
    const contentKey = naiveContentKey(vector, scopes, bytesFromHex(payloadKeyHex), bytesFromHex(nonceHex))
    assert.equal(contentKey.toString('hex'), contentKeyHex)
    assert.equal(naiveSha256(contentKey), key_id)
  })
}

test('another language with another library makes the golden bytes of the vault', (t) => {
  const script = join(import.meta.dirname, 'oracle/naive-vault.py')
  const { status, error, stdout, stderr } = spawnSync(
    'python3',
    [script, join(import.meta.dirname, '../testdata/vault')],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (error !== undefined || status === 3) {
    console.log('no Python with the package cryptography: one opinion less on the golden bytes of the vault')
    t.skip('no Python with the package cryptography')
    return
  }
  assert.equal(status, 0, stderr)
  assert.equal(Number(stdout), payloadVectors.length + contentKeyVectors.length)
})

import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import { createKnownScopes } from './known-scopes.ts'

const KEY = createSecretKey(Buffer.alloc(32, 1))
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => (from + i).toString(16).padStart(32, '0'))

/** A keyring that has every second key, and counts what it is asked for. */
function everySecond() {
  const asked: number[] = []
  return {
    asked,
    async scopeKeysById(wanted: readonly string[]) {
      asked.push(wanted.length)
      return new Map(wanted.filter((id) => Number.parseInt(id, 16) % 2 === 0).map((id) => [id, KEY] as const))
    },
  }
}

test('a scope is asked for once while it is remembered, and no more are remembered than there is room for', async () => {
  const keyring = everySecond()
  const scopes = createKnownScopes(keyring)
  await scopes.learn([...ids(0, 10), ...ids(0, 10)])
  await scopes.learn(ids(0, 12))
  assert.deepEqual(keyring.asked, [10, 2])
  assert.deepEqual(
    [...scopes.keys.keys()],
    ids(0, 12).filter((_, i) => i % 2 === 0),
  )
  for (let from = 0; from < 40_000; from += 4_000) {
    await scopes.learn(ids(from, from + 4_000))
    for (const id of ids(from, from + 4_000)) assert.equal(scopes.keys.has(id), Number.parseInt(id, 16) % 2 === 0)
    assert.ok(scopes.keys.size <= 7_000, `${scopes.keys.size} keys`)
  }
  assert.ok(keyring.asked.every((count) => count <= 500))
})

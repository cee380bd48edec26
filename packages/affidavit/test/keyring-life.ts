// What a keyring goes through, each step done again where its store fails: for stores whose writes are broken, or whose connection
// is lost, at any moment (spec/vault.md §5).

import assert from 'node:assert/strict'

import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Keyring } from '../src/vault/keyring.ts'

/** Finds ids, makes keys, turns over without the first id. Answers how often a step failed, and was done again. */
export async function live(open: () => Promise<Keyring>): Promise<number> {
  let failures = 0
  async function insist<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      assert.ok(error instanceof LedgerError && error.code === 'store-unavailable', String(error))
      failures++
      return work()
    }
  }
  const keyring = await insist(open)
  const [leaving = '', staying = ''] = await insist(() => keyring.tokens(['PT-1', 'PT-2']))
  const scope = { owner_kind: 'subject', owner: staying, retention_class: 'default', month: '2026-11' } as const
  const [before] = await insist(() => keyring.scopeKeys([scope]))
  const turned = await insist(() => keyring.turnOver([{ owner_kind: 'subject', owner: leaving }]))
  // Also where nobody was told that it had happened.
  assert.deepEqual(turned.tokens, [leaving])
  assert.deepEqual(await insist(() => keyring.destroyRetired()), [])
  const [later] = await insist(() => keyring.scopeKeys([scope]))
  assert.deepEqual([later?.id, later?.key.export()], [before?.id, before?.key.export()])
  await keyring.close()
  return failures
}

/** What is left of it, however it went; `again` is opened anew, and closed. */
export async function assertWhole(again: Keyring): Promise<void> {
  assert.equal(await again.tokenOf('PT-1'), undefined)
  assert.match((await again.tokenOf('PT-2')) ?? '', /^tok_/)
  assert.deepEqual(await again.destroyRetired(), [])
  await again.close()
}

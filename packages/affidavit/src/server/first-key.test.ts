import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { createApiKey, revokeApiKey } from '../embedded/change-api-keys.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { createSignIn } from '../embedded/sign-in.ts'
import { createFirstKey } from './first-key.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-first-key-'))
const { origin } = await initLedger(home, { origin: 'first.example/agents' })
const ledger = await openFolder(home)
after(async () => {
  await ledger.close()
  rmSync(home, { recursive: true, force: true })
})
const place = { ledger, home, by: { actor_id: 'ops' } }
const first = () => createFirstKey(origin, home, createSignIn({ ledger: origin, home }))

test('the first key of a server ends with the next key of an admin, and does not come back with its end', async () => {
  const { key, signIn } = first()
  await createApiKey(place, { role: 'writer' })
  assert.ok(await signIn.signIn(key))
  const { id } = await createApiKey(place, { role: 'admin' })
  assert.equal(await signIn.signIn(key), undefined)
  await revokeApiKey(place, id)
  assert.equal(await signIn.signIn(key), undefined)
})

test('where the keys of admins were all revoked, a server has a first key again', async () => {
  const { key, signIn } = first()
  assert.ok(await signIn.signIn(key))
})

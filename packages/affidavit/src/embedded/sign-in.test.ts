import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import fc from 'fast-check'

import { API_ROLE_NAMES, API_ROLES } from '../access/api-roles.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { apiKeysFile } from './api-keys.ts'
import { createApiKey, type KeyPlace, type KeyTerms, revokeApiKey } from './change-api-keys.ts'
import { initLedger } from './init.ts'
import { openFolder } from './open.ts'
import { createSignIn } from './sign-in.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-sign-in-'))

let at = Date.parse('2026-11-22T10:00:00.000Z')
const clock = { now: () => at, elapsed: () => at }

const home = join(root, 'clinic')
const { origin } = await initLedger(home, { origin: 'sign-in.example/agents' })
const ledger = await openFolder(home, { publish: { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 } })
after(async () => {
  await ledger.close()
  rmSync(root, { recursive: true, force: true })
})
const place: KeyPlace = { ledger, home, by: { actor_id: 'ops' }, clock }
const { signIn, hasCredentials } = createSignIn({ ledger: origin, home, clock })

const make = (terms: KeyTerms) => createApiKey(place, terms)

test('nobody can sign in before a key is made', async () => {
  assert.equal(hasCredentials(), false)
  assert.equal(await signIn('affidavit_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), undefined)
})

for (const role of API_ROLE_NAMES) {
  test(`a key of the role ${role} signs its actor in, with these roles and no more`, async () => {
    const { key, id } = await make({ role, actor: `holder of ${role}` })
    const principal = await signIn(key)
    assert.deepEqual(
      [principal?.ledger, principal?.actor_id, principal?.roles, principal?.credential_id],
      [origin, `holder of ${role}`, API_ROLES[role], id],
    )
  })
}

test('a key for which nobody is named acts under its id', async () => {
  const { key, id } = await make({ role: 'writer' })
  assert.equal((await signIn(key))?.actor_id, `key:${id}`)
})

test('what a key is restricted to is there when it signs in', async () => {
  const scope = { agents: ['triage'], from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' }
  const { key } = await make({ role: 'auditor', scope })
  assert.deepEqual((await signIn(key))?.scope, scope)
})

test('a key signs nobody in from the moment when it expires', async () => {
  const { key } = await make({ role: 'reader', expires: '2026-11-22T11:00:00.000Z' })
  at = Date.parse('2026-11-22T10:59:59.999Z')
  assert.equal((await signIn(key))?.expires, Date.parse('2026-11-22T11:00:00.000Z'))
  at += 1
  assert.equal(await signIn(key), undefined)
})

test('a key that is revoked by another process signs nobody in at the next request', async () => {
  const { key, id } = await make({ role: 'reader' })
  assert.ok(await signIn(key))
  await using other = await openFolder(home)
  const { revoked } = await revokeApiKey({ ...place, ledger: other }, id)
  assert.equal(revoked, new Date(at).toISOString())
  assert.equal(await signIn(key), undefined)
  assert.equal((await revokeApiKey(place, id)).revoked, revoked)
})

test('making and revoking a key is on record, by whom, and what opens is in no file', async () => {
  const { key, id } = await make({ role: 'auditor', actor: 'Kim Park' })
  await revokeApiKey(place, id)
  await revokeApiKey({ ...place, by: { actor_id: 'somebody else' } }, id)
  const about = []
  for await (const record of ledger.search({ action: 'policy_changed' }))
    if (record.details?.policy === `api_key/${id}`) about.push(record)
  assert.deepEqual(
    about.map(({ details }) => [details?.operation, details?.role]),
    [
      ['key_created', 'auditor'],
      ['key_revoked', 'auditor'],
    ],
  )
  const byOps: number[] = []
  for await (const { seq } of ledger.search({ actor_id: 'ops', action: 'policy_changed' })) byOps.push(seq)
  assert.ok(about.every(({ seq }) => byOps.includes(seq)))
  assert.equal(JSON.stringify(about).includes('Kim Park'), false)
  const kept = readFileSync(apiKeysFile(home), 'utf8')
  assert.equal(kept.includes(key.slice('affidavit_'.length + 13)), false)
  assert.equal(statSync(apiKeysFile(home)).mode & 0o777, 0o600)
})

test('keys that are made at once are all there', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => make({ role: 'writer' })))
  for (const { key, id } of made) assert.equal((await signIn(key))?.credential_id, id)
})

const REFUSED: readonly (readonly [name: string, terms: KeyTerms, path: string])[] = [
  ['an actor that is the ledger', { role: 'reader', actor: 'affidavit' }, 'actor'],
  ['an actor that is nobody who is known', { role: 'reader', actor: 'unknown' }, 'actor'],
  ['the actor of another key', { role: 'reader', actor: 'key:000000000000' }, 'actor'],
  ['an actor with a line break', { role: 'reader', actor: 'kim\npark' }, 'actor'],
  ['an end that is over', { role: 'reader', expires: '2020-01-01T00:00:00.000Z' }, 'expires'],
  ['an end that is no time', { role: 'reader', expires: 'tomorrow' }, 'expires'],
  ['a scope of nothing', { role: 'reader', scope: {} }, 'scope'],
  ['no agents at all', { role: 'reader', scope: { agents: [] } }, 'scope.agents'],
  ['an agent twice', { role: 'reader', scope: { agents: ['a', 'a'] } }, 'scope.agents[1]'],
  ['a writer for a period', { role: 'writer', scope: { from: '2026-01-01T00:00:00.000Z' } }, 'scope.from'],
  ['an administrator of one agent', { role: 'admin', scope: { agents: ['a'] } }, 'scope.agents'],
  ['a privacy officer of one agent', { role: 'privacy', scope: { agents: ['a'] } }, 'scope.agents'],
  [
    'a period that ends before it begins',
    { role: 'reader', scope: { from: '2026-02-01T00:00:00.000Z', until: '2026-01-01T00:00:00.000Z' } },
    'until',
  ],
]
for (const [name, terms, path] of REFUSED) {
  test(`no key is made for ${name}`, async () => {
    const before = await ledger.health()
    await assert.rejects(make(terms), (error) => {
      assert.ok(error instanceof LedgerError)
      assert.deepEqual([error.code, error.path], ['invalid-query', path])
      return true
    })
    assert.equal((await ledger.health()).size, before.size)
  })
}

test('no text signs anybody in but a key as it was shown', async () => {
  const { key } = await make({ role: 'admin' })
  const nearly = fc.tuple(fc.nat(key.length - 1), fc.constantFrom('', 'A', 'b', '0', '_', '-', '\u0000', 'é'))
  const changed = nearly.map(([i, put]) => key.slice(0, i) + put + key.slice(i + 1))
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    changed,
    fc.constantFrom(`${key}=`, ` ${key}`, `${key}\n`),
  )
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      fc.pre(text !== key)
      assert.equal(await signIn(text), undefined)
    }),
    { numRuns: 300 },
  )
})

test('a key that is on record opens nothing where its file cannot be written', async () => {
  const elsewhere = join(root, 'elsewhere')
  cpSync(home, elsewhere, { recursive: true })
  mkdirSync(`${apiKeysFile(elsewhere)}.lock`)
  const { size } = await ledger.health()
  const before = readFileSync(apiKeysFile(elsewhere), 'utf8')
  await assert.rejects(createApiKey({ ...place, home: elsewhere }, { role: 'admin' }), /api-keys.json/)
  assert.equal((await ledger.health()).size, size + 1)
  assert.equal(readFileSync(apiKeysFile(elsewhere), 'utf8'), before)
})

test('a file of keys that is damaged signs nobody in, and says so', async () => {
  const { key } = await make({ role: 'admin' })
  const file = apiKeysFile(home)
  const kept = readFileSync(file)
  writeFileSync(file, kept.subarray(0, -3))
  await assert.rejects(signIn(key), (error) => error instanceof LedgerError && error.code === 'key-unavailable')
  await assert.rejects(
    make({ role: 'reader' }),
    (error) => error instanceof LedgerError && error.code === 'key-unavailable',
  )
  writeFileSync(file, kept)
  assert.ok(await signIn(key))
})

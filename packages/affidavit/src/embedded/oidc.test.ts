import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import fc from 'fast-check'
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'

import { DISCOVERY, type Issuer, issuerKey, KEY_SET, startIssuer } from '../../test/oidc-issuer.ts'
import { parseAccessPolicy } from '../access/parse.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { createSignIn } from './sign-in.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-oidc-'))
const first = await issuerKey('first')
const issuer = await startIssuer(first)
after(async () => {
  await issuer.stop()
  rmSync(home, { recursive: true, force: true })
})

const NOW = Date.UTC(2026, 10, 22, 12)
const SECOND = NOW / 1_000
const PEOPLE = { kim: { roles: ['auditor'] }, gone: { roles: [] } }

function policyOf(of: Issuer, more: object = {}): AccessPolicy {
  const oidc = { issuer: of.url, audience: 'affidavit', ...more }
  const policy = { affidavit_access: 1, revision: 'r', people: PEOPLE, everybody_else: ['reader'], oidc }
  return parseAccessPolicy(JSON.stringify(policy), 'json', 'access.json')
}

function doorOf(of: Issuer = issuer, more: object = {}) {
  const clock = fixedClock(NOW)
  return { clock, ...createSignIn({ ledger: 'oidc.example/agents', home, access: policyOf(of, more), clock }) }
}

const claims = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: issuer.url, aud: 'affidavit', sub: 'kim', iat: SECOND, exp: SECOND + 300 },
  ...more,
})
const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims()).filter(([claim]) => claim !== name))

const isUnavailable = (error: unknown): boolean => error instanceof LedgerError && error.code === 'key-unavailable'

test('a token of the issuer signs in whom it names, with the roles that the policy gives that name', async () => {
  const { signIn, hasCredentials } = doorOf()
  assert.equal(hasCredentials(), true)
  const { credential_id, ...principal } = (await signIn(await issuer.sign(claims()))) ?? assert.fail('nobody')
  assert.deepEqual(principal, {
    ledger: 'oidc.example/agents',
    actor_id: 'kim',
    actor_type: 'user',
    roles: ['auditor'],
    expires: NOW + 360_000,
  })
  assert.match(credential_id, /^oidc:[0-9a-f]{16}$/)
})

for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
  test(`a token under ${alg} is taken`, async () => {
    await using other = await startIssuer(await issuerKey('k', alg))
    const { signIn } = doorOf(other)
    assert.ok(await signIn(await other.sign(claims({ iss: other.url }))))
  })
}

test('whoever is not named has no role from outside, unless the policy says so; nobody without a role signs in', async () => {
  const stranger = await issuer.sign(claims({ sub: 'stranger' }))
  assert.equal(await doorOf().signIn(stranger), undefined)
  assert.equal(await doorOf().signIn(await issuer.sign(claims({ sub: 'gone' }))), undefined)
  const open = doorOf(issuer, { everybody_else: true })
  assert.deepEqual((await open.signIn(stranger))?.roles, ['reader'])
  assert.equal(await open.signIn(await issuer.sign(claims({ sub: 'gone' }))), undefined)
})

test('the name comes from the claim that the policy names', async () => {
  const { signIn } = doorOf(issuer, { actor_claim: 'preferred_username' })
  assert.equal((await signIn(await issuer.sign(claims({ sub: '17', preferred_username: 'kim' }))))?.actor_id, 'kim')
  assert.equal(await signIn(await issuer.sign(claims())), undefined)
})

test('an address is a name where the issuer has verified it', async () => {
  const { signIn } = doorOf(issuer, { actor_claim: 'email', everybody_else: true })
  const email = 'kim@clinic.example'
  assert.equal((await signIn(await issuer.sign(claims({ email, email_verified: true }))))?.actor_id, email)
  assert.equal(await signIn(await issuer.sign(claims({ email, email_verified: false }))), undefined)
  assert.equal(await signIn(await issuer.sign(claims({ email }))), undefined)
})

test('a token counts from not-before until it expires, and the clocks may differ by a minute', async () => {
  const token = await issuer.sign(claims({ nbf: SECOND + 60, exp: SECOND + 300 }))
  const { signIn, clock } = doorOf()
  clock.set(NOW - 1_000)
  assert.equal(await signIn(token), undefined)
  clock.set(NOW)
  assert.ok(await signIn(token))
  clock.set(NOW + 359_000)
  assert.ok(await signIn(token))
  clock.set(NOW + 361_000)
  assert.equal(await signIn(token), undefined)
})

const stranger = await issuerKey('first')
const rsa = await issuerKey('rsa', 'RS256')
const odd = await issuerKey('odd', 'ES384')
const publicPem = createPublicKey({ key: rsa.publicJwk as never, format: 'jwk' }).export({
  type: 'spki',
  format: 'pem',
})

const LIES: readonly (readonly [name: string, token: () => Promise<string> | string])[] = [
  ['that nobody signed (alg none)', () => new UnsecuredJWT(claims()).encode()],
  [
    'that is signed with the public key as a secret (HS256)',
    () => new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(Buffer.from(publicPem)),
  ],
  ['under an algorithm that no page has', () => issuer.sign(claims(), odd)],
  ['for another audience', () => issuer.sign(claims({ aud: 'billing' }))],
  ['for no audience', () => issuer.sign(without('aud'))],
  ['of another issuer', () => issuer.sign(claims({ iss: 'https://idp.example' }))],
  ['of an issuer with a slash more', () => issuer.sign(claims({ iss: `${issuer.url}/` }))],
  ['that has expired', () => issuer.sign(claims({ exp: SECOND - 61 }))],
  ['that never expires', () => issuer.sign(without('exp'))],
  ['that does not count yet', () => issuer.sign(claims({ nbf: SECOND + 61 }))],
  ['that names nobody', () => issuer.sign(without('sub'))],
  ['that names a number', () => issuer.sign(claims({ sub: 17 as never }))],
  ['that names a name with a line break', () => issuer.sign(claims({ sub: 'kim\n' }))],
  ['that names an API key', () => issuer.sign(claims({ sub: 'key:0123456789ab' }))],
  ['that names the ledger itself', () => issuer.sign(claims({ sub: 'affidavit' }))],
  ['under a key of somebody else with the same id', () => issuer.sign(claims(), stranger)],
  ['that brings its key along', () => issuer.sign(claims(), stranger, { jwk: stranger.publicJwk })],
  ['that says where its key is', () => issuer.sign(claims(), stranger, { jku: `${issuer.url}/mine` })],
  ['whose key id is a path', () => issuer.sign(claims(), stranger, { kid: '../../../dev/null' })],
  ['whose key id is SQL', () => issuer.sign(claims(), stranger, { kid: "x' UNION SELECT 'k" })],
  ['with an extension that must be understood', () => issuer.sign(claims(), first, { crit: ['x'], x: 1 })],
  ['whose signature was cut off', async () => (await issuer.sign(claims())).replace(/[^.]+$/, '')],
  ['whose claims were changed', async () => changed(await issuer.sign(claims({ sub: 'stranger' })))],
]

function changed(token: string): string {
  const [header, , signature] = token.split('.')
  return `${header}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.${signature}`
}

for (const [name, token] of LIES) {
  test(`refused as a token: one ${name}`, async () => {
    issuer.keys = [first, rsa, odd]
    const { signIn } = doorOf(issuer, { everybody_else: true })
    assert.ok(await signIn(await issuer.sign(claims())))
    assert.equal(await signIn(await token()), undefined)
    issuer.keys = [first]
  })
}

test('a key that is new is known at once, where keys were not just asked for, and one that is gone opens nothing later', async () => {
  await using turning = await startIssuer(first)
  const mine = (): JWTPayload => claims({ iss: turning.url, exp: SECOND + 86_400 })
  const { signIn, clock } = doorOf(turning)
  const old = await turning.sign(mine())
  assert.ok(await signIn(old))
  const second = await issuerKey('second')
  turning.keys = [second]
  const anew = await turning.sign(mine())
  assert.equal(await signIn(anew), undefined)
  clock.pass(30_000)
  assert.ok(await signIn(anew))
  assert.equal(await signIn(old), undefined)
  turning.keys = [first]
  clock.pass(600_000)
  assert.equal(await signIn(anew), undefined)
})

test('whatever is sent, the issuer is asked seldom', async () => {
  await using quiet = await startIssuer(first)
  const { signIn, clock } = doorOf(quiet)
  const mine = claims({ iss: quiet.url })
  await signIn(await issuer.sign(claims()))
  await signIn('a.b.c')
  assert.equal(quiet.asked(), 0)
  await Promise.all(Array.from({ length: 20 }, async () => signIn(await quiet.sign(mine))))
  assert.equal(quiet.asked(), 2)
  for (let i = 0; i < 20; i++) await signIn(await quiet.sign(mine, stranger, { kid: `k${i}` }))
  assert.equal(quiet.asked(), 2)
  clock.pass(30_000)
  for (let i = 0; i < 20; i++) await signIn(await quiet.sign(mine, stranger, { kid: `k${i}` }))
  assert.equal(quiet.asked(), 4)
})

test('an issuer that does not answer is a fault of the world, and nobody’s of whoever asks', async () => {
  const gone = await startIssuer(first)
  const { signIn, clock } = doorOf(gone)
  const token = await gone.sign(claims({ iss: gone.url, exp: SECOND + 86_400 }))
  assert.ok(await signIn(token))
  await gone.stop()
  assert.ok(await signIn(token))
  clock.pass(600_000)
  await assert.rejects(signIn(token), isUnavailable)
  await assert.rejects(signIn(token), isUnavailable)
})

const TWO_MIB = JSON.stringify({ keys: [], more: 'x'.repeat(2 ** 21) })
const BROKEN: readonly (readonly [
  name: string,
  path: string,
  answer: { status: number; body: string; location?: string },
])[] = [
  ['fails', DISCOVERY, { status: 500, body: '' }],
  ['answers a page', DISCOVERY, { status: 200, body: '<html>' }],
  [
    'answers for another issuer',
    DISCOVERY,
    { status: 200, body: JSON.stringify({ issuer: 'https://idp.example', jwks_uri: `${issuer.url}${KEY_SET}` }) },
  ],
  [
    'names keys without https',
    DISCOVERY,
    { status: 200, body: JSON.stringify({ issuer: 'ISSUER', jwks_uri: 'http://idp.example/keys' }) },
  ],
  [
    'names keys in a file',
    DISCOVERY,
    { status: 200, body: JSON.stringify({ issuer: 'ISSUER', jwks_uri: 'file:///etc/passwd' }) },
  ],
  ['sends on to another place', KEY_SET, { status: 302, body: '', location: `${issuer.url}${KEY_SET}` }],
  ['answers more than anybody reads', KEY_SET, { status: 200, body: TWO_MIB }],
  ['has no key set', KEY_SET, { status: 200, body: '{}' }],
  ['says a name twice', KEY_SET, { status: 200, body: '{"keys":[],"keys":[]}' }],
]
for (const [name, path, answer] of BROKEN) {
  test(`nobody is let in, and told that it is not their fault, where the issuer ${name}`, async () => {
    await using broken = await startIssuer(first)
    broken.instead.set(path, { ...answer, body: answer.body.replace('ISSUER', broken.url) })
    const { signIn, clock } = doorOf(broken)
    const token = await broken.sign(claims({ iss: broken.url }))
    await assert.rejects(signIn(token), (error) => {
      // Refused by what it answered, and not because another place could not be reached.
      return isUnavailable(error) && (name.startsWith('sends on') || !String(error).includes('does not answer'))
    })
    const asked = broken.asked()
    await assert.rejects(signIn(token), isUnavailable)
    assert.equal(broken.asked(), asked)
    broken.instead.clear()
    clock.pass(5_000)
    assert.ok(await signIn(token))
  })
}

test('no text makes signing in throw, or signs anybody in', async () => {
  const { signIn } = doorOf()
  const token = await issuer.sign(claims())
  const part = fc.oneof(
    fc.constantFrom(...token.split('.')),
    fc.base64String(),
    fc.string(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  )
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  )
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      fc.pre(text !== token)
      assert.equal(await signIn(text), undefined)
    }),
    { numRuns: 300 },
  )
})

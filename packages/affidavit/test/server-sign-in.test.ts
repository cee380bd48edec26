// Signing in over HTTP: by tokens of an issuer, by keys that are made and revoked while the server runs, and within a scope.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'

import type { Draft } from '../src/formats/fields.ts'
import { issuerKey, startIssuer } from './oidc-issuer.ts'
import { serveLedger } from './served-ledger.ts'

const issuer = await startIssuer(await issuerKey('first'))
const by = (agent_name: string): Draft => ({
  ...{ action: 'agent_response_generated', actor_id: agent_name, actor_type: 'agent', agent_name },
  ...{ conversation_id: 'visit', content: [{ name: 'message', media_type: 'text/plain', body: `by ${agent_name}` }] },
})
const served = await serveLedger({
  drafts: [by('triage'), by('billing')],
  prepare: (home) =>
    writeFileSync(
      join(home, 'access.json'),
      JSON.stringify({
        ...{ affidavit_access: 1, revision: '1', people: { lee: { roles: ['auditor'] } } },
        oidc: { issuer: issuer.url, audience: 'affidavit' },
      }),
    ),
})
after(async () => {
  await served[Symbol.asyncDispose]()
  await issuer.stop()
})

const token = (sub: string, lives = 300): Promise<string> => {
  const now = Math.floor(Date.now() / 1_000)
  return issuer.sign({ iss: issuer.url, aud: 'affidavit', sub, iat: now, exp: now + lives })
}

interface Found {
  readonly action: string
  readonly agent_name?: string
  readonly details?: { readonly operation?: string; readonly status?: number }
}

async function recorded(query: string): Promise<readonly Found[]> {
  const answer = await served.as('auditor')(`GET records?limit=1000&${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json().records as readonly Found[]
}

test('whom the issuer names reads by the role that the policy gives that name, on record', async () => {
  const lee = served.with(await token('lee'))
  assert.equal((await lee('GET records?conversation_id=visit')).status, 200)
  assert.equal((await recorded('action=records_viewed&actor_id=lee')).length, 1)
  assert.equal((await lee('POST records', { body: by('triage') })).status, 403)
  const [denied] = await recorded('action=access_denied&actor_id=lee')
  assert.equal(denied?.details?.status, 403)
})

test('a token that has expired, and one of somebody whom the policy does not know, are no credentials', async () => {
  for (const bearer of [await token('lee', -120), await token('stranger')])
    assert.equal((await served.with(bearer)('GET records')).status, 401)
})

test('a key works at the next request after it is made, and no more after it is revoked, while the server runs', async () => {
  const made = (await served.as('admin')('POST keys', { body: { role: 'reader' } })).json()
  const reader = served.with(String(made.key))
  assert.equal((await reader('GET records')).status, 200)
  assert.equal((await served.as('admin')(`DELETE keys/${made.id}`)).status, 200)
  assert.equal((await reader('GET records')).status, 401)
})

test('outside of a scope nothing is there, and asking for it is on record', async () => {
  const key = await served.makeKey({ role: 'auditor', actor: 'outside auditor', scope: { agents: ['triage'] } })
  const scoped = served.with(key)
  const agents = async (ask: typeof scoped): Promise<readonly unknown[]> => {
    const found = (await ask('GET records?conversation_id=visit')).json().records as readonly Found[]
    return found.map(({ agent_name }) => agent_name)
  }
  assert.deepEqual(await agents(scoped), ['triage'])
  assert.deepEqual(await agents(served.as('auditor')), ['triage', 'billing'])
  const [, other] = (await recorded('conversation_id=visit')) as unknown as readonly { readonly id: string }[]
  const asked = [`GET records/${other?.id}`, `GET records/${other?.id}/proof`, `GET records/${other?.id}/lineage`]
  const [nowhere] = [await scoped('GET records/01900000-0000-7000-8000-000000000000')]
  for (const request of asked) {
    const answer = await scoped(request)
    assert.deepEqual([answer.status, answer.json().code], [nowhere?.status, nowhere?.json().code])
    assert.equal(answer.status, 404)
  }
  assert.equal((await scoped(`POST records/${other?.id}/reveal`, { body: { reason: 'an audit' } })).status, 404)
  const revealed = await scoped('POST conversations/visit/reveal', { body: { reason: 'an audit' } })
  assert.ok(revealed.status === 200 && !revealed.text.includes('billing'), revealed.text)
  const denied = await recorded(`action=access_denied&actor_id=${encodeURIComponent('outside auditor')}`)
  assert.deepEqual(
    denied.map(({ details }) => details?.status).filter((status) => status === 404),
    [404, 404, 404, 404, 404],
  )
})

test('what is about the whole ledger is for no credential that is for part of it', async () => {
  const scoped = served.with(await served.makeKey({ role: 'auditor', scope: { from: '2020-01-01T00:00:00.000Z' } }))
  const whole = ['GET gaps', 'GET holds', 'GET retention/plan', 'GET records/1/retention']
  const [id] = (await recorded('conversation_id=visit')) as unknown as readonly { readonly id: string }[]
  for (const request of [...whole, 'GET certificates', `GET certificates/${'0'.repeat(64)}`, 'GET archive']) {
    const answer = await scoped(request.replace('/1/', `/${id?.id}/`))
    assert.deepEqual([request, answer.status], [request, 403])
  }
  assert.equal((await scoped('POST verifications', { body: {} })).status, 403)
})

test('an issuer that does not answer is 503, and says when to come again', async () => {
  const down = await startIssuer(await issuerKey('first'))
  await using elsewhere = await serveLedger({
    prepare: (home) =>
      writeFileSync(
        join(home, 'access.json'),
        JSON.stringify({ affidavit_access: 1, revision: '1', oidc: { issuer: down.url, audience: 'affidavit' } }),
      ),
  })
  const bearer = await down.sign({ iss: down.url, aud: 'affidavit', sub: 'lee', exp: Date.now() })
  await down.stop()
  const answer = await elsewhere.with(bearer)('GET records')
  assert.deepEqual([answer.status, answer.json().code], [503, 'key-unavailable'])
  assert.ok(answer.headers.get('retry-after'))
  assert.equal((await elsewhere.as('reader')('GET records')).status, 200)
})

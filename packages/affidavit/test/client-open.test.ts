// Opening a ledger on a server (spec/client.md §1).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { isServerUrl, parseAddress } from '../src/client/address.ts'
import { openLedger } from '../src/index.ts'
import { type RemoteWorld, startRemoteWorld, stepOf } from './remote-world.ts'

let world: RemoteWorld
let token = ''
before(async () => {
  world = await startRemoteWorld({
    actions: { 'clinic.referral_sent': { description: 'a referral', requires: ['resource_id'] } },
  })
  token = await world.token('writer')
})
after(() => world.close())

test('a URL names a ledger, or a server that has one', () => {
  assert.deepEqual(parseAddress('https://audit.example/v1/ledgers/clinic.example%2Fagents'), {
    base: 'https://audit.example',
    ledger: 'clinic.example/agents',
  })
  assert.deepEqual(parseAddress('https://audit.example:8443/behind/a/proxy/v1/ledgers/x/'), {
    base: 'https://audit.example:8443/behind/a/proxy',
    ledger: 'x',
  })
  assert.deepEqual(parseAddress('https://audit.example/'), { base: 'https://audit.example' })
  assert.equal(isServerUrl('postgres://x'), false)
})

test('a token is sent in the clear to this machine alone', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8:1234', '[::1]:80'])
    assert.equal(parseAddress(`http://${host}`).base.startsWith('http://'), true)
  const strange = [
    'http://audit.example/v1/ledgers/x',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'https://user:secret@audit.example',
    'https://audit.example/v1/ledgers/x?as=y',
    'https://audit.example/v1/ledgers/x/records',
    'https://audit.example/v1/ledgers/%zz',
    'https://',
    'ftp://audit.example',
  ]
  for (const url of strange) assert.throws(() => parseAddress(url), { code: 'invalid-query', path: 'ledger' }, url)
})

test('openLedger opens a ledger on a server where it is given a token, by its name or by its server alone', async () => {
  for (const url of [world.url, `http://127.0.0.1:${world.proxy.port}`]) {
    await using ledger = await openLedger(url, { token })
    assert.equal(ledger.origin, world.embedded.origin)
    assert.equal((await ledger.append(stepOf('opened', 0))).state, 'recorded')
  }
})

test('a URL without a token, and a token without a URL, open nothing', async () => {
  await assert.rejects(openLedger(world.url), { code: 'invalid-query', path: 'token' })
  await assert.rejects(openLedger(join(world.folder, 'ledger'), { token }), {
    code: 'invalid-query',
    path: 'token',
  })
})

test('a token that the server does not know, and a ledger that it has not, are told', async () => {
  await assert.rejects(world.open({ token: 'another' }), { code: 'not-signed-in' })
  const other = world.url.replace('agents', 'others')
  await assert.rejects(openLedger(other, { token }), { code: 'not-found', path: 'ledger' })
  for (const token of ['', 'two words', 'line\nbreak'])
    await assert.rejects(world.open({ token }), { code: 'invalid-query', path: 'token' })
  await assert.rejects(world.open({ queueCapacity: 0 }), { code: 'invalid-query', path: 'queueCapacity' })
  await assert.rejects(world.open({ patienceMillis: -1 }), { code: 'invalid-query', path: 'patienceMillis' })
})

test('a server that is not there, or answers with a page, is unavailable', async () => {
  world.proxy.next = () => 'page'
  await assert.rejects(world.open({ patienceMillis: 5_000 }), { code: 'server-unavailable', message: /status 200/ })
  world.proxy.next = () => 'none'
  const nobody = openLedger('http://127.0.0.1:1', { token, patienceMillis: 100 })
  await assert.rejects(nobody, { code: 'server-unavailable', message: /ECONNREFUSED/ })
})

test('a token that may not append opens a ledger, and records nothing', async () => {
  const ledger = await world.open({ token: await world.token('reader') })
  await assert.rejects(ledger.append(stepOf('reader', 0)), { code: 'not-allowed' })
  assert.throws(() => ledger.digest('text'), { code: 'not-allowed' })
  await assert.rejects(ledger.spoolable(stepOf('reader', 0)), { code: 'not-allowed' })
  assert.equal((await ledger.publish()).size, (await ledger.health()).size)
  await ledger.close()
})

test('the actions of the application are those of the server', async () => {
  await using ledger = await world.open()
  const referral = { ...stepOf('own', 0), action: 'clinic.referral_sent' as const }
  await assert.rejects(ledger.append(referral), { code: 'invalid-draft', path: 'resource_id' })
  await ledger.append({ ...referral, resource_type: 'referral', resource_id: 'r-1' })
})

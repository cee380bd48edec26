import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { Storage } from '@google-cloud/storage'

import { type GcsServer, startGcs } from '../../test/gcs-server.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { listedKeys } from '../testing/listed-keys.ts'
import { objectStoreContract } from '../testing/object-store-contract.ts'
import { gcsStore } from './gcs.ts'
import { defaultGcsClient } from './gcs-client.ts'

const DAY = 86_400_000
const BUCKETS = {
  'retaining-versions': { objectRetention: true, versioning: true },
  retaining: { objectRetention: true, versioning: false },
  plain: { objectRetention: false, versioning: false },
}

describe('an archive in Google Cloud Storage', () => {
  const clock = fixedClock()
  let server: GcsServer
  before(async () => {
    server = await startGcs(BUCKETS, clock)
  })
  after(() => server.stop())

  let places = 0
  for (const [bucket, { objectRetention }] of Object.entries(BUCKETS)) {
    objectStoreContract(`a bucket that is ${bucket}`, async () => {
      const prefix = `contract-${places++}/`
      return {
        open: () => gcsStore({ bucket, prefix, endpoint: server.endpoint, clock }),
        proof: objectRetention ? 'compliance' : 'none',
        locks: objectRetention,
        now: clock.now,
        pass: clock.pass,
        cleanup: async () => undefined,
      }
    })
  }

  function storeAt(bucket: string, prefix: string) {
    return gcsStore({ bucket, prefix, endpoint: server.endpoint, clock })
  }

  for (const bucket of ['retaining', 'retaining-versions']) {
    test(`in a bucket that is ${bucket}, what is locked is read whatever its owner does`, async () => {
      const prefix = `attacked-${places++}/`
      const [store, until] = [storeAt(bucket, prefix), clock.now() + DAY]
      await store.put('one', Buffer.from('the only copy'), until)
      const owner = new Storage({ apiEndpoint: server.endpoint, retryOptions: { autoRetry: false } }).bucket(bucket)
      const file = owner.file(`${prefix}one`)
      const earlier = new Date(until - 1).toISOString()
      const attacks = [
        () => file.delete(),
        () => file.save('another', { resumable: false, validation: false }),
        () => file.setMetadata({ retention: null }, { overrideUnlockedRetention: true }),
        () => relock('Unlocked', new Date(until).toISOString()),
        () => relock('Locked', earlier),
      ]
      function relock(mode: string, retainUntilTime: string) {
        return file.setMetadata({ retention: { mode, retainUntilTime } }, { overrideUnlockedRetention: true })
      }
      let refused = 0
      for (const attack of attacks) {
        await attack().catch(() => refused++)
        assert.equal(Buffer.from((await store.get('one')) ?? []).toString(), 'the only copy')
        assert.deepEqual(await store.stat('one'), { key: 'one', size: 13, locked_until: until })
        assert.deepEqual(await listedKeys(store), ['one'])
      }
      // Deleting hides the newest version where there are versions; then another can be put before it, and that is not locked.
      assert.equal(refused, bucket === 'retaining' ? 5 : 0)
      await assert.rejects(store.delete('one'), refusal('object-locked'))
      clock.pass(DAY)
      await store.delete('one')
      const [left] = await owner.getFiles({ prefix, versions: true })
      assert.deepEqual(left, [])
    })
  }

  test('a retention in mode Unlocked is no lock, and is made one where it has to be', async () => {
    const prefix = `unlocked-${places++}/`
    const [store, until] = [storeAt('retaining', prefix), clock.now() + DAY]
    const file = new Storage({ apiEndpoint: server.endpoint }).bucket('retaining').file(`${prefix}one`)
    const retention = { mode: 'Unlocked', retainUntilTime: new Date(until).toISOString() }
    await file.save('weak', { resumable: false, validation: false, metadata: { retention } })
    assert.deepEqual(await store.stat('one'), { key: 'one', size: 4 })
    await assert.rejects(store.delete('one'), refusal('object-locked'))
    await store.put('one', Buffer.from('weak'), until - 1_000)
    assert.deepEqual(await store.stat('one'), { key: 'one', size: 4, locked_until: until })
  })

  test('a bucket without object retention is no proof, and it is said why', async () => {
    assert.match(JSON.stringify(await storeAt('plain', '').lockProof()), /"none".*object retention/)
  })

  test('a lock that is longer than the service allows is refused, and nothing is kept', async () => {
    const store = storeAt('retaining', `long-${places++}/`)
    await assert.rejects(
      store.put('one', Buffer.from('x'), clock.now() + 101 * 366 * DAY),
      refusal('archive-unavailable'),
    )
    assert.equal(await store.get('one'), undefined)
    await store.put('one', Buffer.from('x'))
    await assert.rejects(store.extendLock('one', clock.now() + 101 * 366 * DAY), refusal('lock-refused', /invalid/))
  })

  test('bytes that were changed on their way are refused by the server', async () => {
    const client = await defaultGcsClient('plain', server.endpoint)
    const bytes = Buffer.from('right')
    const sending = client.insert('changed', bytes, undefined)
    bytes.write('wrong')
    await assert.rejects(sending, { code: 400 })
  })

  test('an object is never written over another, also past this seam', async () => {
    const client = await defaultGcsClient('plain', server.endpoint)
    await client.insert('once', Buffer.from('first'), undefined)
    await assert.rejects(client.insert('once', Buffer.from('second'), undefined), { code: 412 })
  })

  test('a bucket that is not there is named, with the cure', async () => {
    const store = storeAt('not-there', '')
    const asks = [store.get, store.stat, (key: string) => store.put(key, Buffer.from('x')), () => store.lockProof()]
    for (const ask of asks) await assert.rejects(ask('a'), refusal('archive-unavailable', /not-there.*make the bucket/))
  })
})

function refusal(code: string, told = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, told)
    return true
  }
}

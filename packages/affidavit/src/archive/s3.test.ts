// What a real server cannot be made to do; what one does is in test/archive-s3.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { type FakeS3, fakeS3, type S3Lie } from '../../test/fake-s3.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { listedKeys } from '../testing/listed-keys.ts'
import { objectStoreContract } from '../testing/object-store-contract.ts'
import { s3Store } from './s3.ts'

const DAY = 86_400_000
const BYTES = Buffer.from('the only copy')

const SERVERS: readonly [name: string, pageSize: number, lies: readonly S3Lie[]][] = [
  ['an S3 server', 1_000, []],
  ['an S3 server that answers in pages of one', 1, []],
  ['an S3 server that ignores If-None-Match', 2, ['ignores If-None-Match']],
  ['an S3 server without locks', 2, ['no locks']],
  ['an S3 server without versions', 2, ['no versions']],
]

for (const [name, pageSize, lies] of SERVERS) {
  objectStoreContract(name, async () => {
    const clock = fixedClock()
    const { client } = fakeS3(clock, new Set(lies), pageSize)
    const locks = !lies.some((lie) => lie === 'no locks' || lie === 'no versions')
    return {
      open: () => s3Store({ bucket: 'b', prefix: 'audit/', client, clock }),
      proof: locks ? 'compliance' : 'none',
      locks,
      now: clock.now,
      pass: clock.pass,
      cleanup: async () => undefined,
    }
  })
}

function storeThat(...lies: readonly S3Lie[]) {
  const clock = fixedClock()
  const server = fakeS3(clock, new Set(lies))
  const open = () => s3Store({ bucket: 'b', client: server.client, clock })
  return { clock, server, open, store: open(), until: clock.now() + 10 * DAY }
}

describe('a lock that an S3 server did not keep is refused, and is no proof', () => {
  const lies: readonly [lie: S3Lie, refused: RegExp, proof: RegExp][] = [
    ['ignores lock headers', /the lock was taken, and is not there/, /locked not at all/],
    ['locks in mode GOVERNANCE', /its mode is GOVERNANCE/, /locked GOVERNANCE/],
    ['locks a day less', /its lock ends at 2026-11-30/, /./],
  ]
  for (const [lie, refused, proof] of lies) {
    test(lie, async () => {
      const { store, until } = storeThat(lie)
      await assert.rejects(store.put('a', BYTES, until), refusal('lock-refused', refused))
      assert.equal(Buffer.from((await store.get('a')) ?? []).toString(), String(BYTES))
      await assert.rejects(store.extendLock('a', until), refusal('lock-refused', refused))
      const said = await store.lockProof()
      assert.match(said.lock === 'none' ? said.because : '', proof)
    })
  }

  const broken: readonly [lie: S3Lie, proof: RegExp][] = [
    ['deletes what is locked', /could be deleted/],
    ['shortens locks', /could be shortened/],
    ['knows nothing of locks', /has no Object Lock/],
    ['no versions', /keeps no versions/],
    ['no locks', /has no Object Lock/],
  ]
  for (const [lie, proof] of broken) {
    test(`${lie}: its locks prove nothing`, async () => {
      const said = await storeThat(lie).store.lockProof()
      assert.match(said.lock === 'none' ? said.because : '', proof)
    })
  }
})

describe('a refusal that is about who asks, or when,', () => {
  for (const [status, name] of [
    [400, 'ExpiredToken'],
    [403, 'RequestTimeTooSkewed'],
    [403, 'SignatureDoesNotMatch'],
    [404, 'NoSuchBucket'],
    [503, 'SlowDown'],
  ] as const) {
    test(`proves no lock, and is none of a lock: ${name}`, async () => {
      const { server, store, until } = storeThat()
      for (const call of ['deleteObject', 'putObjectRetention'] as const) {
        server.refuse(call, status, name)
        await assert.rejects(store.lockProof(), refusal('archive-unavailable', new RegExp(name)))
      }
      await store.put('a', BYTES)
      server.refuse('putObjectRetention', status, name)
      await assert.rejects(store.extendLock('a', until), refusal('archive-unavailable', new RegExp(name)))
    })
  }

  test('is told from one of the lock: AccessDenied', async () => {
    const { server, store, until } = storeThat()
    await store.put('a', BYTES)
    server.refuse('putObjectRetention', 403, 'AccessDenied')
    await assert.rejects(store.extendLock('a', until), refusal('lock-refused', /AccessDenied/))
  })
})

describe('an S3 server that', () => {
  test('says that it kept what it has not is found out', async () => {
    const { store, until } = storeThat('keeps nothing')
    for (const end of [undefined, until])
      await assert.rejects(store.put('a', BYTES, end), refusal('archive-unavailable', /said that it kept a/))
  })

  test('says that it deleted what it still has is found out', async () => {
    const { store } = storeThat('deletes nothing')
    await store.put('a', BYTES)
    await assert.rejects(store.delete('a'), refusal('archive-unavailable', /said that it deleted a/))
  })

  test('answers with fewer bytes than it has is not believed', async () => {
    const { store } = storeThat('answers a byte less')
    await store.put('a', BYTES)
    await assert.rejects(store.get('a'), refusal('archive-unavailable', /13 bytes were asked for, and 12 came/))
    await assert.rejects(store.get('a', { from: 2, to: 5 }), refusal('archive-unavailable', /3 bytes.*2 came/))
  })

  test('has its locks tried again on the same object, and on a new one when that is free', async () => {
    const { store, clock, server } = storeThat()
    const puts = () => server.asked.filter((call) => call === 'putObject').length
    for (const [passed, wanted] of [
      [0, 1],
      [DAY / 48, 1],
      [DAY, 2],
    ] as const) {
      clock.pass(passed)
      assert.equal((await store.lockProof()).lock, 'compliance')
      assert.equal(puts(), wanted)
    }
    assert.deepEqual(await listedKeys(store), [])
  })
})

describe('an answer of an S3 server that is lost', () => {
  type Work = (store: ReturnType<typeof s3Store>, until: number) => Promise<unknown>
  const works: readonly [name: string, call: Parameters<FakeS3['loseAnswer']>[0], work: Work][] = [
    ['to a put', 'putObject', (store, until) => store.put('a', BYTES, until)],
    ['to the list before a put', 'listObjectVersions', (store, until) => store.put('a', BYTES, until)],
    ['to the question whether it locks', 'getObjectLockConfiguration', (store, until) => store.put('a', BYTES, until)],
    ['to reading a lock back', 'getObjectRetention', (store, until) => store.put('a', BYTES, until)],
  ]
  for (const [name, call, work] of works) {
    for (const when of ['before', 'after'] as const) {
      test(`${name}, ${when} it was done: it is said, and done again it is there once, and locked`, async () => {
        const { server, store, until, open } = storeThat()
        server.loseAnswer(call, when)
        await assert.rejects(work(store, until), refusal('archive-unavailable', /socket hang up.*do it again/))
        for (const again of [store, open()]) await work(again, until)
        assert.deepEqual(await listedKeys(store), ['a'])
        assert.deepEqual(await store.stat('a'), { key: 'a', size: 13, locked_until: until })
      })
    }
  }

  test('to a deletion: done again, it is gone', async () => {
    for (const when of ['before', 'after'] as const) {
      const { server, store } = storeThat()
      await store.put('a', BYTES)
      server.loseAnswer('deleteObject', when)
      await assert.rejects(store.delete('a'), refusal('archive-unavailable'))
      await store.delete('a')
      assert.equal(await store.get('a'), undefined)
    }
  })
})

test('what is written over an object, or hides it, is not read, and goes with it or keeps it', async () => {
  const { store, server, clock, until, open } = storeThat('ignores If-None-Match')
  await store.put('a', BYTES, until)
  const later = { Bucket: 'b', Key: 'a', Body: Buffer.from('later'), ContentLength: 5, ChecksumSHA256: '' }
  const end = new Date(until + DAY)
  await server.client.putObject({ ...later, ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: end })
  for (const who of [store, open()]) {
    assert.equal(Buffer.from((await who.get('a')) ?? []).toString(), String(BYTES))
    assert.deepEqual(await who.stat('a'), { key: 'a', size: 13, locked_until: until })
    await assert.rejects(who.put('a', Buffer.from('later')), refusal('object-exists'))
  }
  clock.pass(until - clock.now())
  await assert.rejects(store.delete('a'), refusal('object-locked', /2026-12-02/))
  assert.ok(!server.asked.includes('deleteObject'))
  assert.equal(Buffer.from((await store.get('a')) ?? []).toString(), String(BYTES))
  clock.pass(DAY)
  await store.delete('a')
  assert.equal(await store.get('a'), undefined)
})

test('what somebody else deleted, and put anew, is not remembered', async () => {
  const { store, open } = storeThat()
  await store.put('a', BYTES)
  assert.equal((await store.get('a', { from: 0, to: 3 }))?.length, 3)
  await open().delete('a')
  assert.equal(await store.get('a', { from: 0, to: 3 }), undefined)
  await open().put('a', Buffer.from('anew'))
  assert.equal(Buffer.from((await store.get('a')) ?? []).toString(), 'anew')
})

test('a range of what was read before costs one request', async () => {
  const { store, server } = storeThat()
  await store.put('a', BYTES)
  await store.get('a', { from: 0, to: 3 })
  const before = server.asked.length
  await store.get('a', { from: 3, to: 6 })
  assert.deepEqual(server.asked.slice(before), ['getObject'])
})

function refusal(code: string, told = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, told)
    return true
  }
}

// An archive in S3, on a real server that keeps locks, with the credentials of whom the bucket belongs to.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import type { S3 } from '@aws-sdk/client-s3'

import { openObjectStore } from '../src/archive/open-object-store.ts'
import { s3Store } from '../src/archive/s3.ts'
import { systemClock } from '../src/clock/clock.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { objectStoreContract } from '../src/testing/object-store-contract.ts'
import { missingForS3 } from './ceph-programs.ts'
import { closed, noted, policies } from './closed-accounts.ts'
import { done, json, run } from './run-cli.ts'
import { type S3Server, startS3 } from './s3-server.ts'
import { startTimeServer } from './time-server.ts'

const HOUR = 3_600_000
const missing = missingForS3()

describe('an archive in S3', { skip: missing ?? false }, () => {
  let server: S3Server
  let owner: S3
  before(async () => {
    server = await startS3()
    owner = server.client()
    await owner.createBucket({ Bucket: 'locking', ObjectLockEnabledForBucket: true })
    await owner.createBucket({ Bucket: 'plain' })
  })
  after(async () => {
    owner?.destroy()
    await server?.stop()
  })

  let places = 0
  for (const bucket of ['locking', 'plain']) {
    objectStoreContract(`a bucket that is ${bucket}`, async () => {
      const prefix = `contract-${places++}/`
      return {
        open: () => s3Store({ bucket, prefix, endpoint: server.endpoint, client: server.client() }),
        proof: bucket === 'locking' ? 'compliance' : 'none',
        locks: bucket === 'locking',
        now: systemClock.now,
        cleanup: async () => undefined,
      }
    })
  }

  function storeAt(prefix: string, bucket = 'locking') {
    return s3Store({ bucket, prefix, endpoint: server.endpoint, client: server.client() })
  }

  /** An object that is locked for an hour, its only version, and what tells of it. */
  async function lockedObject(prefix: string) {
    const store = storeAt(prefix)
    const until = Math.ceil(Date.now() / 1_000) * 1_000 + HOUR
    await store.put('one', Buffer.from('the only copy'), until)
    const { Versions = [] } = await owner.listObjectVersions({ Bucket: 'locking', Prefix: prefix })
    assert.equal(Versions.length, 1)
    const version = { Bucket: 'locking', Key: `${prefix}one`, VersionId: Versions[0]?.VersionId ?? '' }
    return { store, until, version }
  }

  type Locked = Awaited<ReturnType<typeof lockedObject>>

  async function assertWhole({ store, until }: Locked): Promise<void> {
    assert.equal(Buffer.from((await store.get('one')) ?? []).toString(), 'the only copy')
    assert.deepEqual(await store.stat('one'), { key: 'one', size: 13, locked_until: until })
    const lists: string[] = []
    for await (const key of store.list('')) lists.push(key)
    assert.deepEqual(lists, ['one'])
  }

  const attacks: readonly [name: string, attack: (object: Locked) => Promise<unknown>][] = [
    ['deleting it', ({ version }) => owner.deleteObject(version)],
    ['deleting it with a bypass', ({ version }) => owner.deleteObject({ ...version, BypassGovernanceRetention: true })],
    ['shortening its lock', ({ version, until }) => relock(version, 'COMPLIANCE', until - HOUR / 2)],
    ['shortening its lock with a bypass', ({ version, until }) => relock(version, 'COMPLIANCE', until - 1_000, true)],
    ['weakening its lock', ({ version, until }) => relock(version, 'GOVERNANCE', until)],
    ['weakening its lock with a bypass', ({ version, until }) => relock(version, 'GOVERNANCE', until, true)],
    [
      'taking its lock away',
      ({ version }) => owner.putObjectRetention({ ...version, Retention: {}, BypassGovernanceRetention: true }),
    ],
    ['stopping the versions', () => versioning('Suspended')],
    ['deleting the bucket', () => owner.deleteBucket({ Bucket: 'locking' })],
  ]

  function relock(version: Locked['version'], Mode: 'COMPLIANCE' | 'GOVERNANCE', until: number, bypass = false) {
    const Retention = { Mode, RetainUntilDate: new Date(until) }
    return owner.putObjectRetention({ ...version, Retention, BypassGovernanceRetention: bypass })
  }

  function versioning(Status: 'Suspended') {
    return owner.putBucketVersioning({ Bucket: 'locking', VersioningConfiguration: { Status } })
  }

  for (const [name, attack] of attacks) {
    test(`a locked object stands against its owner: ${name} is refused`, async () => {
      const object = await lockedObject(`attack-${places++}/`)
      await assert.rejects(attack(object), { name: /./ })
      await assertWhole(object)
    })
  }

  test('a locked object stands against its owner: what is written over it, or hides it, is not read', async () => {
    const object = await lockedObject(`attack-${places++}/`)
    const { Bucket, Key } = object.version
    await owner.putObject({ Bucket, Key, Body: 'another' })
    await assertWhole(object)
    await owner.deleteObject({ Bucket, Key })
    await assertWhole(object)
    await assert.rejects(object.store.put('one', Buffer.from('another')), refusal('object-exists'))
    await object.store.put('one', Buffer.from('the only copy'), object.until)
    await assert.rejects(object.store.delete('one'), refusal('object-locked'))
    await assertWhole(object)
  })

  test('what was written over it, and what hides it, is deleted with it, all versions at once or none', async () => {
    const prefix = `deleted-${places++}/`
    const store = storeAt(prefix)
    await store.put('one', Buffer.from('first'))
    const Key = `${prefix}one`
    const later = { Bucket: 'locking', Key, Body: 'later' }
    const short = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 4_000)
    await owner.putObject({ ...later, ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: short })
    await owner.deleteObject({ Bucket: 'locking', Key })
    await assert.rejects(store.delete('one'), refusal('object-locked'))
    assert.equal(Buffer.from((await store.get('one')) ?? []).toString(), 'first')
    for (let isGone = false; !isGone; ) {
      isGone = await store.delete('one').then(() => true, refusalOf('object-locked'))
    }
    const { Versions, DeleteMarkers } = await owner.listObjectVersions({ Bucket: 'locking', Prefix: prefix })
    assert.deepEqual([Versions ?? [], DeleteMarkers ?? []], [[], []])
  })

  test('a lock in mode GOVERNANCE is none, and is made one where it has to be, or is refused', async () => {
    const prefix = `governance-${places++}/`
    const store = storeAt(prefix)
    const [Key, until] = [`${prefix}one`, new Date(Math.ceil(Date.now() / 1_000) * 1_000 + HOUR)]
    const weak = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const
    await owner.putObject({ Bucket: 'locking', Key, Body: 'weak', ...weak })
    assert.deepEqual(await store.stat('one'), { key: 'one', size: 4 })
    const told = await store.put('one', Buffer.from('weak'), until.getTime()).then(
      () => 'locked',
      (error) => error.code,
    )
    const isLocked = (await store.stat('one'))?.locked_until === until.getTime()
    assert.deepEqual([told, isLocked], isLocked ? ['locked', true] : ['lock-refused', false])
  })

  test('a bucket is no proof without Object Lock, with versions or without', async () => {
    await owner.createBucket({ Bucket: 'versions' })
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await owner.putBucketVersioning({ Bucket: 'versions', VersioningConfiguration })
    const [plain, versions] = [await storeAt('', 'plain').lockProof(), await storeAt('', 'versions').lockProof()]
    assert.match(JSON.stringify(plain), /"none".*keeps no versions/)
    assert.match(JSON.stringify(versions), /"none".*has no Object Lock/)
  })

  test('what has its lock proven leaves one small object behind, and tries on it again', async () => {
    const prefix = `proof-${places++}/`
    for (let again = 0; again < 3; again++) assert.equal((await storeAt(prefix).lockProof()).lock, 'compliance')
    const { Versions = [] } = await owner.listObjectVersions({ Bucket: 'locking', Prefix: prefix })
    assert.deepEqual(
      Versions.map(({ Key }) => Key),
      [`${prefix}.lock-proof`],
    )
  })

  test('bytes that were changed on their way are refused by the server', async () => {
    const { checkedBody } = await import('../src/archive/s3-body.ts')
    const body = { ...checkedBody(Buffer.from('right')), Body: Buffer.from('wrong') }
    await assert.rejects(owner.putObject({ Bucket: 'plain', Key: 'changed', ...body }), { name: 'BadDigest' })
  })

  test('a URL, and the credentials of the environment, are enough', async () => {
    const { accessKeyId, secretAccessKey } = server.credentials
    const before = { ...process.env }
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey })
    try {
      const url = `s3://locking/by-url-${places++}?region=us-east-1&endpoint=${server.endpoint}`
      const store = openObjectStore(url, systemClock)
      await store.put('one', Buffer.from('x'), Date.now() + HOUR)
      assert.equal((await store.get('one', { from: 0, to: 1 }))?.length, 1)
      await assert.rejects(store.delete('one'), refusal('object-locked'))
      await store.close()
    } finally {
      process.env = before
    }
  })

  test('by the command line what is locked there leaves the database, is read, proven and verified from there, and comes back', async () => {
    const ledger = join(mkdtempSync(join(tmpdir(), 'affidavit-archive-s3-')), 'ledger')
    const on = async (...words: readonly string[]) => done(run([...words, '--ledger', ledger, '--as', 'dr.lee']))
    await using time = await startTimeServer()
    const { accessKeyId, secretAccessKey } = server.credentials
    const before = { ...process.env }
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey })
    try {
      const made = await done(run(['init', '--ledger', ledger, '--origin', 'clinic.example/agents', '--json']))
      const vkey = String(json(made).verifier_key)
      rmSync(join(ledger, 'access.yaml'))
      const people = { 'dr.lee': { roles: ['records_officer', 'auditor'] } }
      writeFileSync(join(ledger, 'access.json'), JSON.stringify({ affidavit_access: 1, revision: '1', people }))
      writeFileSync(join(ledger, 'retention.yaml'), policies(time.url))
      const lines = [noted('c-1', 'charts'), noted('c-1', 'charts'), closed('c-1')]
      await done(run(['append', '--ledger', ledger], lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
      const prefix = `by-command-${places++}`
      const url = `s3://locking/${prefix}?region=us-east-1&endpoint=${server.endpoint}`
      await done(run(['archive', 'use', url, '--ledger', ledger]))
      const found = (await on('search', '--conversation', 'c-1', '--json')).out

      const { removed, refused } = json(await on('retention', 'run', '--json'))
      assert.deepEqual([removed, refused], [2, []])
      const { Versions = [] } = await owner.listObjectVersions({ Bucket: 'locking', Prefix: `${prefix}/segments/` })
      // What has no minimum has no lock; of what left, object and manifest do.
      let locked = 0
      for (const { Key, VersionId } of Versions) {
        const version = { Bucket: 'locking', Key, VersionId }
        const { Retention = {} } = await owner.getObjectRetention(version).catch(() => ({ Retention: {} }))
        if ((Retention.RetainUntilDate?.toISOString() ?? '') < '2050-03-31') continue
        assert.equal(Retention.Mode, 'COMPLIANCE')
        await assert.rejects(owner.deleteObject(version), { name: /./ })
        locked++
      }
      assert.equal(locked, 2)

      const [entry, proof] = [join(ledger, '../entry'), join(ledger, '../proof')]
      const { records } = JSON.parse(found)
      const { seq } = records[0]
      assert.deepEqual(JSON.parse((await on('search', '--conversation', 'c-1', '--json')).out).records, records)
      assert.match((await on('show', String(seq))).out, /agent_response_generated/)
      await on('prove', String(seq), '--out', proof, '--entry', entry)
      await done(run(['verify', '--proof', proof, '--entry', entry, '--vkey', vkey]))
      assert.match((await on('verify')).out, /VALID(?!.*not read)/s)
      assert.deepEqual(json(await on('archive', 'restore', '--conversation', 'c-1', '--json')), { restored: 2 })
      assert.deepEqual(JSON.parse((await on('search', '--conversation', 'c-1', '--json')).out).records, records)
    } finally {
      process.env = before
      rmSync(dirname(ledger), { recursive: true, force: true })
    }
  })

  test('who cannot reach it, or is not let in, is told what to do, and no secret', async () => {
    const cases: readonly [store: ReturnType<typeof s3Store>, cure: RegExp][] = [
      [storeAt('', 'not-there'), /make the bucket/],
      [s3Store({ bucket: 'locking', client: stranger('AKIDEXAMPLE') }), /permissions/],
      [s3Store({ bucket: 'locking', client: stranger('AKIDSTRANGER') }), /permissions/],
    ]
    for (const [store, cure] of cases) {
      const asks = [store.get, store.stat, (key: string) => store.put(key, Buffer.from('x')), () => store.lockProof()]
      for (const ask of asks) await assert.rejects(ask('a'), refusal('archive-unavailable', cure))
    }
  })

  function stranger(accessKeyId: string) {
    const client = server.client()
    client.config.credentials = async () => ({ accessKeyId, secretAccessKey: 'another-secret' })
    return client
  }
})

function refusal(code: string, told = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, told)
    assert.doesNotMatch(error.message, /secret/)
    return true
  }
}

/** `false` for a refusal of that code, which is asked again. */
function refusalOf(code: string): (error: unknown) => false {
  return (error) => {
    assert.ok(refusal(code)(error))
    return false
  }
}

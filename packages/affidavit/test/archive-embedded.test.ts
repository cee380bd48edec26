// The archive as an application has it that embeds the ledger (spec/archive.md §8): its store, or its place, is handed to openLedger.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { type Ledger, type ObjectStore, openLedger } from 'affidavit'
import { gcsStore } from 'affidavit/gcs'
import { s3Store } from 'affidavit/s3'

import { parseAccessPolicy } from '../src/access/parse.ts'
import type { FixedClock } from '../src/testing/fixed-clock.ts'
import { all, archiveFolder, makeClinic } from './archived-clinic.ts'
import { QUIET, said } from './erasure-clinic.ts'
import { fakeS3 } from './fake-s3.ts'
import { startGcs } from './gcs-server.ts'

const home = archiveFolder('archive-embedded')
const access = parseAccessPolicy(
  'affidavit_access: 1\nrevision: test\npeople: { officer: { roles: [records_officer] } }\neverybody_else: [reader]\n',
  'yaml',
  'access.yaml',
)
const officer = { actor_id: 'officer' }

async function messagesIn(ledger: Ledger): Promise<readonly string[]> {
  const found = await all(ledger.as(officer).search({ conversation_id: 'c-1' }))
  return found.map(({ id, integrity_hash }) => `${id} ${integrity_hash}`)
}

/** Buckets as an application opens them, and how often each was closed. */
const BUCKETS: Readonly<
  Record<string, (clock: FixedClock) => Promise<{ readonly bucket: ObjectStore; closed(): number; stop(): unknown }>>
> = {
  S3: async (clock) => {
    let closed = 0
    const { client } = fakeS3(clock, new Set())
    const bucket = s3Store({ bucket: 'archive', client: { ...client, destroy: () => void closed++ }, clock })
    return { bucket, closed: () => closed, stop: () => undefined }
  },
  'Google Cloud Storage': async (clock) => {
    let closed = 0
    const server = await startGcs({ archive: { objectRetention: true, versioning: true } }, clock)
    const { close, ...store } = gcsStore({ bucket: 'archive', prefix: 'ledger/', endpoint: server.endpoint, clock })
    return {
      bucket: { ...store, close: async () => void closed++ },
      closed: () => closed,
      stop: () => close().then(server.stop),
    }
  },
}

for (const [what, open] of Object.entries(BUCKETS))
  test(`what is archived to a bucket that the application opened leaves the database, is read from there, and comes back: ${what}`, async () => {
    const { folder, clock } = await makeClinic(join(home, `bucket of ${what}`))
    const { bucket, closed, stop } = await open(clock)
    await usedThrough(folder, clock, bucket)
    assert.equal(closed(), 0, 'the caller closes what the caller opened')
    await stop()
  })

async function usedThrough(folder: string, clock: FixedClock, bucket: ObjectStore): Promise<void> {
  await using ledger = await openLedger(folder, { archive: bucket, access, clock, publish: QUIET })
  for (let i = 0; i < 3; i++)
    await ledger.append(said(`message ${i}`, { conversation_id: 'c-1', compliance_domains: ['hipaa'] }))
  const before = await messagesIn(ledger)
  const archiving = ledger.archiving(officer)
  const segments = await all(archiving.run())
  assert.ok(segments.some(({ locked_until }) => locked_until !== undefined))
  assert.equal((await archiving.status()).lock.lock, 'compliance')
  assert.deepEqual(await all(archiving.remove()), [])

  clock.pass(91 * 86_400_000)
  assert.deepEqual(
    (await all(archiving.remove('trial'))).map(({ state, records }) => [state, records]),
    [['would be removed', 3]],
  )
  assert.deepEqual(
    (await all(archiving.remove())).map(({ state, records }) => [state, records]),
    [['removed', 3]],
  )
  assert.deepEqual(await all(archiving.remove()), [])
  assert.deepEqual(await messagesIn(ledger), before)
  assert.deepEqual(await all(archiving.restore({ conversation_id: 'c-1' })), [3])
  assert.deepEqual(await messagesIn(ledger), before)
}

test('who may not archive takes nothing out, and brings nothing back', async () => {
  const { folder, clock } = await makeClinic(join(home, 'refused'))
  const place = join(home, 'refused-archive')
  mkdirSync(place)
  await using ledger = await openLedger(folder, { archive: place, access, clock, publish: QUIET })
  const visitor = ledger.archiving({ actor_id: 'visitor' })
  await assert.rejects(all(visitor.remove()), { code: 'not-allowed' })
  await assert.rejects(all(visitor.restore({ conversation_id: 'c-1' })), { code: 'not-allowed' })
  assert.ok((await all(visitor.run())).length > 0, 'to archive takes the keys of the ledger, and no role')
})

test('where no archive is named, or none can be, that is said when something is asked of it', async () => {
  const { folder, clock } = await makeClinic(join(home, 'none'))
  await using ledger = await openLedger(folder, { access, clock, publish: QUIET })
  await assert.rejects(all(ledger.archiving(officer).run()), { code: 'invalid-query' })
  const inside: ObjectStore | string = join(folder, 'archive')
  await assert.rejects(openLedger(folder, { archive: inside }), { code: 'invalid-query' })
})

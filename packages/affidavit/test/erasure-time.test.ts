// An erasure rests on minimums that have passed: by which time, and what keeps it from being decided (spec/time.md).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { TimeSource } from '../src/clock/time-source.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { parseRetentionSet } from '../src/retention/parse.ts'
import { clinicToCopy, eraseAll, QUIET, saidContents } from './erasure-clinic.ts'

const { copied } = clinicToCopy('erasure-time')

const where = 'https://time.example'
const SOURCES: readonly (readonly [name: string, code: string, read: TimeSource['read']])[] = [
  [
    'a clock that is ahead of the source of time',
    'clock-jump',
    async () => ({ at: Date.now() - 120_000, uncertainty_millis: 500 }),
  ],
  [
    'a source of time that does not answer',
    'time-unavailable',
    () => Promise.reject(new LedgerError('time-unavailable', { problem: 'no answer', cure: 'check the network' })),
  ],
]

for (const [name, code, read] of SOURCES) {
  test(`nothing is erased by ${name}`, async () => {
    const clinic = await copied()
    const before = await saidContents(clinic)
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, timeSource: { where, read } })
    const { size } = await ledger.health()
    await assert.rejects(eraseAll(ledger, clinic), { code })
    assert.equal((await ledger.health()).size, size)
    assert.deepEqual(await saidContents(clinic), before)
  })
}

test('an erasure is decided by a clock that its source of time finds in order', async () => {
  const clinic = await copied()
  const read: TimeSource['read'] = async () => ({ at: Date.now(), uncertainty_millis: 500 })
  await using ledger = await openFolder(clinic.folder, { publish: QUIET, timeSource: { where, read } })
  await eraseAll(ledger, clinic)
  assert.equal((await saidContents(clinic))['1 message'], 'gone')
})

test('nothing is erased by retention policies of before those on record', async () => {
  const clinic = await copied()
  const before = await saidContents(clinic)
  const text = 'version: 1\nrevision: 2027-01\n'
  const retention = parseRetentionSet(text, 'yaml', 'retention.yaml')
  {
    await using ledger = await openFolder(clinic.folder, { publish: QUIET })
    await (await openFolder(clinic.folder, { publish: QUIET, retention })).close()
    await assert.rejects(eraseAll(ledger, clinic), /policies-changed/)
  }
  assert.deepEqual(await saidContents(clinic), before)
  await using again = await openFolder(clinic.folder, { publish: QUIET, retention })
  await eraseAll(again, clinic)
  assert.equal((await saidContents(clinic))['1 message'], 'gone')
})

import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'

import type { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { openObjectStore } from './open-object-store.ts'

const PLACES: readonly [place: string, where: string][] = [
  ['./archive', resolve('archive')],
  ['/mnt/archive', '/mnt/archive'],
  ['s3://clinic-archive', 's3://clinic-archive/'],
  ['s3://clinic-archive/', 's3://clinic-archive/'],
  ['s3://clinic.archive/a/B_1', 's3://clinic.archive/a/B_1/'],
  ['s3://clinic-archive/a/?region=eu-central-1', 's3://clinic-archive/a/'],
  ['s3://clinic-archive/a?endpoint=https://s3.example:9000', 's3://clinic-archive/a/ at s3.example:9000'],
  ['s3://clinic-archive?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=x', 's3://clinic-archive/ at 127.0.0.1:9000'],
  ['gs://clinic_archive/a', 'gs://clinic_archive/a/'],
]

for (const [place, where] of PLACES) {
  test(`${place} is ${where}`, async () => {
    const store = openObjectStore(place, fixedClock())
    assert.equal(store.where, where)
    await store.close()
  })
}

for (const place of [
  '',
  's3://',
  's3:///a',
  's3://b',
  's3://Clinic Archive',
  's3://key:secret@clinic-archive/a',
  's3://clinic-archive/a/../b?region',
  's3://clinic-archive/a//b',
  's3://clinic-archive/.hidden',
  's3://clinic-archive/ä',
  's3://clinic-archive/a#b',
  's3://clinic-archive?regoin=eu-central-1',
  's3://clinic-archive?region=a&region=b',
  's3://clinic-archive?region=',
  's3://clinic-archive?secret=secret',
  's3://clinic-archive?endpoint=s3.example',
  's3://clinic-archive?endpoint=https://key:secret@s3.example',
  's3://clinic-archive?endpoint=https://s3.example/path',
  's3://clinic-archive?endpoint=ftp://s3.example',
  'gs://clinic-archive?region=eu',
  'https://clinic-archive',
  'file:///archive',
  'azure://clinic-archive',
]) {
  test(`no place for an archive: ${place || 'nothing'}`, () => {
    assert.throws(
      () => openObjectStore(place, fixedClock()),
      ({ code, message }: LedgerError) => code === 'invalid-query' && !message.includes('secret'),
    )
  })
}

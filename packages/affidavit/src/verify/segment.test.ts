import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import { goldenEntries, goldenKey, goldenManifest, goldenObject, goldenSigner } from '../../test/segment-vectors.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { idOf } from '../formats/segment.ts'
import { readSegmentNote } from '../formats/signed-segment.ts'
import { generateSignerKey } from '../formats/signer-key.ts'
import { createArchiveVerification } from './archive.ts'
import type { Report } from './report.ts'
import type { ExpectedSegment, SegmentBytes, SegmentTrust } from './segment.ts'

const golden = readSegmentNote(goldenManifest)
if (typeof golden === 'string') assert.fail(golden)
const SEGMENT: SegmentBytes = { id: idOf(golden), manifest: goldenManifest, object: goldenObject }
const EXPECTED: ExpectedSegment = { manifest_sha256: sha256Hex(goldenManifest), object_sha256: sha256Hex(goldenObject) }
const TRUST: SegmentTrust = { origin: golden.ledger, keys: [goldenSigner] }

function verify(
  changed: Partial<SegmentBytes> = {},
  {
    expected,
    trust = TRUST,
    key = goldenKey,
  }: { expected?: ExpectedSegment; trust?: SegmentTrust; key?: typeof goldenKey | 'none' | undefined } = {},
): Report {
  const verification = createArchiveVerification(trust, 'pinned key', 'nothing')
  verification.check({ ...SEGMENT, ...changed }, expected, () => key)
  return verification.report()
}

test('a segment verifies alone, with its key up to the root of a signed checkpoint', () => {
  const report = verify({}, { expected: EXPECTED })
  assert.deepEqual([report.status, report.findings, report.records_checked], ['valid', [], goldenEntries.length])
})

test('without its key a segment is held against what was signed, and the report says what stayed sealed', () => {
  const report = verify({}, { key: 'none' })
  assert.deepEqual([report.status, report.records_checked], ['valid', 0])
  assert.match(report.not_checked.join('\n'), /2 entries that stayed sealed/)
})

test('a segment whose key is not in the keyring is not called verified', () => {
  const verification = createArchiveVerification(TRUST, 'pinned key', 'nothing')
  verification.check(SEGMENT, undefined, () => undefined)
  const { status, findings } = verification.report()
  assert.deepEqual([status, findings.map(({ code }) => code)], ['incomplete', ['segment-unopened']])
})

test('any flipped byte of object or manifest is found', () => {
  for (const part of ['object', 'manifest'] as const) {
    const bytes = SEGMENT[part] ?? assert.fail()
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.notEqual(verify({ [part]: changed }).status, 'valid', `byte ${at} of the ${part}`)
    }
  }
})

const OTHER = generateSignerKey(golden.ledger, 'ed25519').verifierKey

for (const [name, report, found] of [
  ['the object is gone', () => verify({ object: undefined }), 'segment-missing'],
  ['the manifest is gone', () => verify({ manifest: undefined }), 'segment-missing'],
  ['it lies under another id', () => verify({ id: '0'.repeat(32) }), 'segment-altered'],
  ['it is cut', () => verify({ object: goldenObject.subarray(0, -1) }), 'segment-altered'],
  [
    'another manifest is on record',
    () => verify({}, { expected: { ...EXPECTED, manifest_sha256: '0'.repeat(64) } }),
    'segment-altered',
  ],
  [
    'another object is on record',
    () => verify({}, { expected: { ...EXPECTED, object_sha256: '0'.repeat(64) } }),
    'segment-altered',
  ],
  [
    'nobody who is trusted has signed it',
    () => verify({}, { trust: { ...TRUST, keys: [OTHER] } }),
    'no-trusted-signature',
  ],
  [
    'it is of another ledger',
    () => verify({}, { trust: { ...TRUST, origin: 'clinic.example/other' } }),
    'wrong-ledger',
  ],
  ['the key that was given is another one', () => verify({}, { key: createOtherKey() }), 'segment-unopened'],
  [
    'its key in the keyring is another one',
    () => verify({}, { key: createOtherKey(), expected: EXPECTED }),
    'segment-altered',
  ],
] as const) {
  test(`found in a segment: ${name}`, () => {
    const { status, findings } = report()
    assert.notEqual(status, 'valid')
    assert.equal(findings[0]?.code, found)
  })
}

function createOtherKey(): typeof goldenKey {
  return createSecretKey(new Uint8Array(32))
}

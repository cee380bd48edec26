// Manifest, plan and certificate as bytes: what is read, and every named lie that is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import {
  bytesOf,
  certificateLies,
  golden,
  goldenCertificate,
  manifestLies,
  planLies,
} from '../../test/disposition-vectors.ts'
import { flipped, type PaperLie, signerOf } from '../../test/erasure-vectors.ts'
import { hostileBytes } from '../../test/hostile.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { formatNote } from '../formats/note.ts'
import {
  certificateText,
  checkCertificate,
  type DispositionCertificate,
  openCertificate,
  parseCertificateText,
} from './certificate.ts'
import {
  formatManifest,
  type ListedRecord,
  MAX_LISTED_RECORDS,
  MAX_MANIFEST_BYTES,
  manifestDigest,
  manifestRoom,
  parseManifest,
} from './manifest.ts'
import { type DispositionPlan, formatPlan, parsePlan, planDigest } from './plan.ts'

const LOG = signerOf(golden.log)
const MANIFEST = bytesOf('manifest.json')
const PLAN = bytesOf('plan.json')
const CERTIFICATE = bytesOf('certificate.note')

test('the golden manifest and plan are read, and written again byte for byte', () => {
  assert.deepEqual(parseManifest(MANIFEST), golden.manifest)
  assert.deepEqual(Buffer.from(formatManifest(golden.manifest)), Buffer.from(MANIFEST))
  assert.equal(manifestDigest(MANIFEST), golden.plan.manifest_sha256)
  assert.deepEqual(parsePlan(PLAN), golden.plan)
  assert.deepEqual(Buffer.from(formatPlan(golden.plan)), Buffer.from(PLAN))
  assert.equal(planDigest(golden.plan), golden.plan_sha256)
})

test('the golden certificate is opened under the key of the ledger, and is of its plan', () => {
  const opened = openCertificate(CERTIFICATE, [LOG.verifierKey])
  assert.deepEqual(opened, { certificate: goldenCertificate, key: LOG.verifierKey })
  assert.equal(checkCertificate(goldenCertificate, golden.plan), undefined)
})

type Fault = { readonly code: string; readonly path?: string; readonly problem?: string }

function changed(whole: object, kind: string, { member, value }: PaperLie): string {
  const members: { [name: string]: unknown } = { v: 1, kind, ...whole, [member]: value }
  if (value === undefined) delete members[member]
  return canonicalize(members) ?? assert.fail()
}

function isRefused(read: object, lie: PaperLie): void {
  const { code, path, problem = '' } = { code: 'read', ...read } as Fault
  assert.equal(code, lie.code, JSON.stringify(read).slice(0, 300))
  assert.ok(problem.includes(lie.says), `${problem} does not say: ${lie.says}`)
  assert.equal(path, lie.path)
}

function signed(text: string): Uint8Array {
  const { name, keyId } = LOG.verifierKey
  return utf8(formatNote(text, [{ name, keyId, signature: signEd25519(LOG.privateKey, utf8(text)) }]))
}

for (const lie of manifestLies) {
  test(`refused as a manifest: ${lie.name}`, () => {
    isRefused(parseManifest(utf8(changed(golden.manifest, 'disposition-manifest', lie))), lie)
    if (lie.member !== 'v' && lie.member !== 'kind')
      assert.throws(() => formatManifest({ ...golden.manifest, [lie.member]: lie.value }))
  })
}

for (const lie of planLies) {
  test(`refused as a plan: ${lie.name}`, () => {
    isRefused(parsePlan(utf8(changed(golden.plan, 'disposition-plan', lie))), lie)
    if (lie.member !== 'v' && lie.member !== 'kind')
      assert.throws(() => formatPlan({ ...golden.plan, [lie.member]: lie.value }))
  })
}

for (const lie of certificateLies) {
  test(`refused as a certificate: ${lie.name}`, () => {
    const json = changed(goldenCertificate, 'disposition-certificate', lie)
    isRefused(openCertificate(signed(`affidavit disposition certificate v1\n${json}\n`), [LOG.verifierKey]), lie)
    if (lie.member !== 'v' && lie.member !== 'kind')
      assert.throws(() => certificateText({ ...goldenCertificate, [lie.member]: lie.value }))
  })
}

test('a manifest lists fifty thousand records, and no more', () => {
  const [one = assert.fail()] = golden.manifest.records
  const records = Array.from({ length: MAX_LISTED_RECORDS + 1 }, (_, seq) => ({ ...one, seq }))
  const whole = { ...golden.manifest, records: records.slice(0, -1) }
  const parsed = parseManifest(formatManifest(whole))
  assert.ok(!('code' in parsed))
  assert.equal(parsed.records.length, MAX_LISTED_RECORDS)
  assert.throws(() => formatManifest({ ...golden.manifest, records }), RangeError)
})

test('a plan lists as many records as its manifest has room for, be they as long as a record can be', () => {
  const [one = assert.fail()] = golden.manifest.records
  const longest = '\\"'.repeat(128)
  const records: ListedRecord[] = []
  const long = (seq: number): ListedRecord => ({ ...one, seq, id: longest, conversation_id: longest })
  for (const room = manifestRoom(); room.takes(long(records.length)); ) records.push(long(records.length))
  const { length } = formatManifest({ ...golden.manifest, records })
  assert.ok(records.length < MAX_LISTED_RECORDS)
  assert.ok(MAX_MANIFEST_BYTES - length < 8192, `${length} bytes`)
  const room = manifestRoom()
  for (let seq = 0; seq < MAX_LISTED_RECORDS; seq++) assert.ok(room.takes({ ...one, seq }))
  assert.ok(!room.takes(one))
})

test('hostile bytes are refused without a throw, or are the only bytes of what they are', () => {
  fc.assert(
    fc.property(hostileBytes([MANIFEST, PLAN]), (bytes) => {
      const manifest = parseManifest(bytes)
      if (!('code' in manifest)) assert.deepEqual(Buffer.from(formatManifest(manifest)), Buffer.from(bytes))
      const plan = parsePlan(bytes)
      if (!('code' in plan)) assert.deepEqual(Buffer.from(formatPlan(plan)), Buffer.from(bytes))
    }),
    { numRuns: 500 },
  )
})

test('hostile bytes are never a certificate, and throw nothing', () => {
  fc.assert(
    fc.property(hostileBytes([CERTIFICATE]), (bytes) => {
      const isWhole = Buffer.from(CERTIFICATE).equals(bytes)
      assert.equal('code' in openCertificate(bytes, [LOG.verifierKey]), !isWhole)
    }),
    { numRuns: 300 },
  )
})

test('no bit of a manifest or a plan can be flipped under its digest, and none of a certificate', () => {
  for (const bytes of flipped(MANIFEST)) assert.notEqual(manifestDigest(bytes), golden.plan.manifest_sha256)
  for (const bytes of flipped(PLAN)) {
    const plan = parsePlan(bytes)
    if (!('code' in plan)) assert.notEqual(planDigest(plan), golden.plan_sha256)
  }
  for (const bytes of flipped(CERTIFICATE)) assert.ok('code' in openCertificate(bytes, [LOG.verifierKey]))
})

test('the text of a certificate has one spelling, and is no checkpoint', () => {
  const text = certificateText(goldenCertificate)
  assert.deepEqual(parseCertificateText(text), goldenCertificate)
  assert.ok('code' in parseCheckpointBody(text))
  const others = [text.replace(' v1\n', ' v2\n'), `${text}\n`, `${text}more`, text.trimEnd(), text.replace('{', '{ ')]
  const erasure = text.replace('disposition certificate', 'erasure certificate')
  for (const other of [...others, erasure]) assert.ok('code' in parseCertificateText(other), other)
})

const OF_ANOTHER: readonly (readonly [string, Partial<DispositionCertificate>, Partial<DispositionPlan>])[] = [
  ['certificate-of-another-ledger', { ledger: 'other.example/0' }, {}],
  ['certificate-of-another-plan', {}, { judged_at: '2026-11-21T09:29:59.000Z' }],
  ['certificate-of-another-planner', { planned_by: 'ops' }, {}],
  ['certificate-of-another-planner', { planned_at: '2026-11-21T09:30:00.001Z' }, {}],
  ['certificate-of-other-records', { records: 3 }, {}],
  ['certificate-of-other-records', { contents: 6 }, {}],
  ['certificate-of-other-records', { first_seq: 2 }, {}],
  ['certificate-of-other-records', { last_seq: 2002 }, {}],
  ['certificate-of-other-records', { manifest_sha256: 'a'.repeat(64) }, {}],
  ['certificate-of-other-policies', { policies: [{ policy: 'hipaa', records: 4 }] }, {}],
  ['certificate-of-other-policies', { policy_set_sha256: 'a'.repeat(64) }, {}],
  ['certificate-before-plan', { decision_seq: 3000 }, {}],
  ['certificate-without-an-object', { objects_destroyed: [] }, {}],
  ['certificate-without-a-copy', { copies: [] }, {}],
  [
    'certificate-of-another-leave',
    {
      leave: {
        state: 'not independently approved',
        announced_seq: 2990,
        announced_at: '2026-11-01T10:00:00.000Z',
        delay_days: 7,
      },
    },
    {},
  ],
]

for (const [code, certificate, plan] of OF_ANOTHER) {
  test(`held against its plan: ${code}, by ${[...Object.keys(certificate), ...Object.keys(plan)].join()}`, () => {
    const fault = checkCertificate({ ...goldenCertificate, ...certificate }, { ...golden.plan, ...plan })
    assert.deepEqual(fault, { code })
  })
}

test('no fault of a plan or manifest quotes what stands there', () => {
  const secret = 'Ann Miller'
  for (const [kind, whole, parse] of [
    ['disposition-plan', golden.plan, parsePlan],
    ['disposition-manifest', golden.manifest, parseManifest],
  ] as const) {
    for (const member of Object.keys(whole)) {
      const lie = { name: '', member, value: [{ [secret]: secret }], code: '', says: '' }
      const fault = parse(utf8(changed(whole, kind, lie)))
      assert.ok('code' in fault)
      assert.doesNotMatch(JSON.stringify({ ...fault, path: '' }), /Ann Miller/)
    }
  }
})

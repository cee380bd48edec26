import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { test } from 'node:test'

import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { bytesOf, certificateLies, flipped, golden, goldenCertificate, signerOf } from '../../test/erasure-vectors.ts'
import { hostileBytes } from '../../test/hostile.ts'
import { heartbeatKey, logKey } from '../../test/signing.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { unreachable } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { formatNote, parseNote } from '../formats/note.ts'
import { signerKeyFromSeed } from '../formats/signer-key.ts'
import { signStatement } from '../ledger/statement.ts'
import {
  certificateText,
  checkCertificate,
  type ErasureCertificate,
  openCertificate,
  parseCertificateText,
  stateOf,
} from './certificate.ts'
import type { ErasurePlan } from './plan.ts'

const GOLDEN = bytesOf('certificate.note')
const LOG = signerOf(golden.log)
const APPROVAL = bytesOf('approval.note')

test('the golden certificate is opened under the key of the ledger, and holds for its plan and approval', () => {
  const opened = openCertificate(GOLDEN, [LOG.verifierKey])
  assert.deepEqual(opened, { certificate: goldenCertificate, key: LOG.verifierKey })
  assert.equal(checkCertificate(goldenCertificate, golden.plan, APPROVAL), undefined)
})

test('the ledger signs the text of a certificate as a statement, byte for byte', async () => {
  const signer = { verifierKey: LOG.verifierKey, sign: async (m: Uint8Array) => signEd25519(LOG.privateKey, m) }
  const note = await signStatement(
    {
      digestKey: createSecretKey(Buffer.alloc(32)),
      heartbeat: { verifierKey: heartbeatKey('a').verifierKey, sign: () => unreachable('no heartbeat here') },
      checkpoint: async () => signer,
      beginRotation: () => unreachable('no rotation here'),
      pendingRotation: async () => undefined,
      finishRotation: () => unreachable('no rotation here'),
    },
    goldenCertificate.ledger,
    certificateText(goldenCertificate),
  )
  assert.equal(note, Buffer.from(GOLDEN).toString('utf8'))
})

function signed(text: string): Uint8Array {
  const { name, keyId } = LOG.verifierKey
  return utf8(formatNote(text, [{ name, keyId, signature: signEd25519(LOG.privateKey, utf8(text)) }]))
}

function textOf(value: unknown): string {
  return `affidavit erasure certificate v1\n${canonicalize(value)}\n`
}

for (const lie of certificateLies) {
  test(`refused as a certificate: ${lie.name}`, () => {
    const whole: { [name: string]: unknown } = { v: 1, kind: 'erasure-certificate', ...goldenCertificate }
    if ('value' in lie) whole[lie.member] = lie.value
    else delete whole[lie.member]
    const fault = openCertificate(signed(textOf(whole)), [LOG.verifierKey])
    assert.ok('code' in fault, 'it was opened')
    assert.equal(fault.code, lie.code, JSON.stringify(fault))
    const { path, problem = '' } = { path: undefined, problem: undefined, ...fault }
    assert.ok(problem.includes(lie.says), `${problem} does not say: ${lie.says}`)
    assert.equal(path, lie.path)
    if (lie.member !== 'v' && lie.member !== 'kind')
      assert.throws(() => certificateText({ ...goldenCertificate, [lie.member]: lie.value }))
  })
}

test('refused as a certificate: of nobody at all', () => {
  const nobody = { v: 1, kind: 'erasure-certificate', ...goldenCertificate, subjects: 0, conversations: 0 }
  const fault = openCertificate(signed(textOf(nobody)), [LOG.verifierKey])
  assert.ok('code' in fault && fault.code === 'paper-contradiction')
})

test('refused as a certificate: damaged content that was lost for the sake of none', () => {
  const none = { ...goldenCertificate, records: 0, payloads: 0, bytes: 0 }
  const fault = openCertificate(signed(textOf({ v: 1, kind: 'erasure-certificate', ...none })), [LOG.verifierKey])
  assert.ok('code' in fault && fault.code === 'paper-contradiction')
  assert.doesNotThrow(() => certificateText({ ...none, damaged: 0 }))
})

test('a certificate that another key signed, or a cosigner’s, is not opened', () => {
  const stranger = logKey(goldenCertificate.ledger).verifierKey
  const cosigner = signerKeyFromSeed(golden.log.name, 'cosignature/v1', new Uint8Array(32).fill(11)).verifierKey
  for (const keys of [[], [stranger], [cosigner], [{ ...cosigner, keyId: LOG.verifierKey.keyId }]]) {
    const fault = openCertificate(GOLDEN, keys)
    assert.ok('code' in fault)
    assert.equal(fault.code, 'signed-by-a-key-that-is-not-pinned')
  }
  assert.ok(!('code' in openCertificate(GOLDEN, [stranger, LOG.verifierKey])))
})

test('two pinned keys that share name and id are both tried', () => {
  const shadow = { ...logKey(goldenCertificate.ledger).verifierKey, keyId: LOG.verifierKey.keyId }
  assert.ok(!('code' in openCertificate(GOLDEN, [shadow, LOG.verifierKey])))
  const fault = openCertificate(GOLDEN, [shadow])
  assert.ok('code' in fault && fault.code === 'signature-mismatch')
})

test('the text of a certificate has one spelling, and is no checkpoint', () => {
  const text = certificateText(goldenCertificate)
  assert.deepEqual(parseCertificateText(text), goldenCertificate)
  assert.ok('code' in parseCheckpointBody(text))
  const others: readonly string[] = [
    text.replace(' v1\n', ' v2\n'),
    `${text}\n`,
    `${text}more`,
    text.trimEnd(),
    text.replace('{', '{ '),
    text.replace('\n{', '\n\n{'),
    text.slice(text.indexOf('\n') + 1),
  ]
  for (const other of others) assert.ok('code' in parseCertificateText(other), other)
})

test('no bit of a certificate can be flipped', () => {
  for (const bytes of flipped(GOLDEN)) assert.ok('code' in openCertificate(bytes, [LOG.verifierKey]))
})

test('hostile bytes are never a certificate, and throw nothing', () => {
  fc.assert(
    fc.property(hostileBytes([GOLDEN]), (bytes) => {
      assert.equal('code' in openCertificate(bytes, [LOG.verifierKey]), !Buffer.from(GOLDEN).equals(bytes))
    }),
    { numRuns: 300 },
  )
})

test('a certificate tells nothing of who was erased', () => {
  const note = parseNote(GOLDEN)
  assert.ok(!('code' in note))
  for (const owner of [...golden.plan.subjects, ...golden.plan.conversations, golden.plan.reason])
    assert.equal(note.text.includes(owner), false)
})

const OF_ANOTHER: Readonly<Record<string, readonly [Partial<ErasureCertificate>, Partial<ErasurePlan>, Uint8Array?]>> =
  {
    'certificate-of-another-ledger': [{ ledger: 'other.example/0' }, {}],
    'certificate-of-another-plan': [{}, { reason: 'another one' }],
    'certificate-of-another-approval': [{}, {}, bytesOf('certificate.note')],
    'certificate-of-others': [{ subjects: 1 }, {}],
    'certificate-of-more-damage': [{ damaged: 3 }, {}],
    'certificate-before-plan': [{ certified_at: '2026-11-21T09:29:59.999Z' }, {}],
    'certificate-of-an-old-keyring': [{ keyring_generation: 3 }, {}],
    'certificate-without-a-copy': [{ copies: goldenCertificate.copies.slice(1) }, {}],
  }

for (const [code, [certificate, plan, approval = APPROVAL]] of Object.entries(OF_ANOTHER)) {
  test(`held against its plan: ${code}`, () => {
    const fault = checkCertificate({ ...goldenCertificate, ...certificate }, { ...golden.plan, ...plan }, approval)
    assert.deepEqual(fault, { code })
  })
}

test('held against its plan: fewer conversations, and a decision that is no later than what was looked at', () => {
  const fault = (change: Partial<ErasureCertificate>): string | undefined =>
    checkCertificate({ ...goldenCertificate, ...change }, golden.plan, APPROVAL)?.code
  assert.equal(fault({ conversations: 1 }), 'certificate-of-others')
  assert.equal(fault({ decision_seq: golden.plan.as_of_seq }), 'certificate-before-plan')
  assert.equal(fault({ decision_seq: golden.plan.as_of_seq + 1 }), undefined)
})

test('an erasure is done where no key stands and something was said of each copy', () => {
  const copy = { kind: 'backup', where: 'safe 2' } as const
  assert.equal(stateOf([], []), 'erased')
  assert.equal(
    stateOf(
      [],
      [
        { ...copy, state: 'reached' },
        { ...copy, state: 'not-reached' },
      ],
    ),
    'erased',
  )
  assert.equal(
    stateOf(
      [],
      [
        { ...copy, state: 'reached' },
        { ...copy, state: 'known' },
      ],
    ),
    'erasing',
  )
  assert.equal(stateOf(['0003'], []), 'erasing')
})

// What the papers of a disposition prove elsewhere (spec/disposition.md §8).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesOf, golden, goldenCertificate } from '../../test/disposition-vectors.ts'
import { signerOf } from '../../test/erasure-vectors.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { formatNote } from '../formats/note.ts'
import { certificateText, type DispositionCertificate, type Leave } from './certificate.ts'
import { type DispositionPapers, formatDispositionPapers, parseDispositionPapers } from './disposition-papers.ts'
import { judgePapers } from './judge-papers.ts'
import { formatPlan, planDigest } from './plan.ts'

const LOG = signerOf(golden.log)
const KIM = signerOf(golden.approver)
const KEYS = [LOG.verifierKey]
const text = (name: string): string => Buffer.from(bytesOf(name)).toString('utf8')
const GOLDEN: DispositionPapers = {
  certificate: text('certificate.note'),
  plan: text('plan.json'),
  manifest: text('manifest.json'),
  approval: text('approval.note'),
}

function signed(certificate: DispositionCertificate): string {
  const note = certificateText(certificate)
  const { name, keyId } = LOG.verifierKey
  return formatNote(note, [{ name, keyId, signature: signEd25519(LOG.privateKey, utf8(note)) }])
}

function authority(papers: DispositionPapers, approvers = [KIM.verifierKey]): string {
  const judged = judgePapers(papers, KEYS, approvers)
  return judged.state === 'holds' ? judged.authority.state : judged.because
}

test('the golden papers are one file and back, and prove who approved under pinned keys alone', () => {
  assert.deepEqual(parseDispositionPapers(formatDispositionPapers(GOLDEN)), GOLDEN)
  assert.equal(authority(GOLDEN), 'approved')
  assert.equal(authority(GOLDEN, []), 'not checked')
})

test('a delay is the word of the ledger, and none where it was not over', () => {
  const plan = { ...golden.plan, delay_days: 7 }
  const delayed = (announced_at: string): DispositionPapers => {
    const leave: Leave = {
      state: 'not independently approved',
      announced_seq: goldenCertificate.decision_seq - 1,
      announced_at,
      delay_days: 7,
    }
    const certificate = signed({ ...goldenCertificate, plan_sha256: planDigest(plan), leave })
    return { ...GOLDEN, certificate, plan: Buffer.from(formatPlan(plan)).toString('utf8'), approval: '' }
  }
  assert.equal(authority(delayed(plan.made_at.replace(/^\d{4}/, '2020'))), 'not independently approved')
  assert.throws(() => delayed(goldenCertificate.decided_at), /decided before the delay was over/)
})

test('a certificate that names another approver than the one who signed is none', () => {
  const { leave } = goldenCertificate
  assert.ok(leave.state === 'approved')
  const certificate = signed({ ...goldenCertificate, leave: { ...leave, approver: 'somebody.else' } })
  assert.equal(authority({ ...GOLDEN, certificate }), 'certificate-of-another-leave')
})

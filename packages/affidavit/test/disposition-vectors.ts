// The golden bytes of testdata/disposition, read for tests.

import { readFileSync } from 'node:fs'

import type { AccessPolicy } from '../src/access/policy.ts'
import type { DispositionCertificate } from '../src/disposition/certificate.ts'
import type { Manifest } from '../src/disposition/manifest.ts'
import type { DispositionPlan } from '../src/disposition/plan.ts'
import type { Approval } from '../src/papers/approval.ts'
import { goldenPolicy, type PaperLie } from './erasure-vectors.ts'

interface Signer {
  readonly name: string
  readonly seedHex: string
}

interface Golden {
  readonly manifest: Manifest
  readonly plan: DispositionPlan
  readonly plan_sha256: string
  readonly approver: Signer
  readonly approval: Pick<Approval, 'approver' | 'approved_at' | 'decision'>
  readonly log: Signer
  readonly certificate: Omit<DispositionCertificate, 'plan_sha256' | 'manifest_sha256'>
}

export function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(`../testdata/disposition/${name}`, import.meta.url)))
}

function readJson<T>(name: string): T {
  return JSON.parse(Buffer.from(bytesOf(name)).toString('utf8'))
}

export const golden: Golden = readJson('golden.json')
export const manifestLies: readonly PaperLie[] = readJson('refused-manifests.json')
export const planLies: readonly PaperLie[] = readJson('refused-plans.json')
export const certificateLies: readonly PaperLie[] = readJson('refused-certificates.json')

export const goldenApproval: Approval = {
  ledger: golden.plan.ledger,
  plan_id: golden.plan.plan_id,
  plan_sha256: golden.plan_sha256,
  ...golden.approval,
}

export const goldenCertificate: DispositionCertificate = {
  ...golden.certificate,
  plan_sha256: golden.plan_sha256,
  manifest_sha256: golden.plan.manifest_sha256,
}

/** dr.lee plans, kim approves. */
export function recordsPolicy(change: (text: string) => string = (text) => text): AccessPolicy {
  return goldenPolicy((text) =>
    change(
      text
        .replace('[privacy_officer]', '[records_officer]')
        .replace('[auditor, erasure_approver]', '[auditor, records_approver]'),
    ),
  )
}

// The golden bytes of testdata/erasure and testdata/access, read for tests.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

import { parseAccessPolicy } from '../src/access/parse.ts'
import type { AccessPolicy } from '../src/access/policy.ts'
import type { ErasureCertificate } from '../src/erasure/certificate.ts'
import type { ErasurePlan, Refusal } from '../src/erasure/plan.ts'
import { type SignerKey, signerKeyFromSeed } from '../src/formats/signer-key.ts'
import type { Approval } from '../src/papers/approval.ts'

interface Signer {
  readonly name: string
  readonly seedHex: string
}

interface Golden {
  /** What payload_list_sha256 of the plan is over. */
  readonly payloads: readonly (readonly [seq: number, blob_id: string])[]
  readonly plan: ErasurePlan
  readonly plan_sha256: string
  readonly approver: Signer
  readonly approval: Pick<Approval, 'approver' | 'approved_at' | 'decision'>
  readonly approval_sha256: string
  readonly log: Signer
  readonly certificate: Omit<ErasureCertificate, 'plan_sha256' | 'approval_sha256'>
}

/** A paper that is golden but for one member; that one is left out where there is no value. */
export interface PaperLie {
  readonly name: string
  readonly member: string
  readonly value?: unknown
  readonly code: string
  readonly path?: string
  readonly says: string
}

const testdata = new URL('../testdata/', import.meta.url)

export function bytesOf(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(`erasure/${name}`, testdata)))
}

function readJson<T>(name: string): T {
  return JSON.parse(Buffer.from(bytesOf(name)).toString('utf8'))
}

export const golden: Golden = readJson('golden.json')
export const planLies: readonly PaperLie[] = readJson('refused-plans.json')
export const certificateLies: readonly PaperLie[] = readJson('refused-certificates.json')

export const goldenApproval: Approval = {
  ledger: golden.plan.ledger,
  plan_id: golden.plan.plan_id,
  plan_sha256: golden.plan_sha256,
  ...golden.approval,
}

export const goldenCertificate: ErasureCertificate = {
  ...golden.certificate,
  plan_sha256: golden.plan_sha256,
  approval_sha256: golden.approval_sha256,
}

export function signerOf({ name, seedHex }: Signer): SignerKey {
  return signerKeyFromSeed(name, 'ed25519', Uint8Array.from(Buffer.from(seedHex, 'hex')))
}

/** dr.lee plans, kim approves. */
export function goldenPolicy(change: (text: string) => string = (text) => text): AccessPolicy {
  const text = readFileSync(new URL('access/whole.yaml', testdata), 'utf8')
  return parseAccessPolicy(change(text), 'yaml', 'whole.yaml')
}

/** Everything with one bit of it flipped, one after the other. */
export function* flipped(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const copy = Uint8Array.from(bytes)
    const at = bit >> 3
    copy[at] = (copy[at] ?? assert.fail()) ^ (1 << (bit & 7))
    yield copy
  }
}

export const HOLD = '0193f5a2-7bff-7f00-8000-000000000029'

export function heldAt(seq: number): Refusal {
  const told = { because: 'hold', holds: [HOLD], policies: [], earliest: 'open' } as const
  return { seq, compliance_domains: ['hipaa'], ...told }
}

export function keptAt(seq: number): Refusal {
  const told = { because: 'minimum_retention', holds: [], policies: ['hipaa'], earliest: '2032-11-23' } as const
  return { seq, compliance_domains: ['hipaa'], ...told }
}

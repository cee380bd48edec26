// A clinic's ledger with records of years ago, its access policy, and the people who destroy what is due: for tests of dispositions.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import type { AccessPolicy } from '../src/access/policy.ts'
import { formatTimestamp, type UnixMillis } from '../src/clock/clock.ts'
import type { TimeSource } from '../src/clock/time-source.ts'
import { type DispositionPlan, planDigest } from '../src/disposition/plan.ts'
import { type OpenOptions, openFolder, type PartOptions } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import { generateSignerKey, type SignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import type { CarriedOut, Dispositions } from '../src/ledger/dispose.ts'
import type { DispositionOrder } from '../src/ledger/judge-disposition.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { DispositionRequest, PlannedDisposition } from '../src/ledger/plan-disposition.ts'
import { type Approval, signApproval } from '../src/papers/approval.ts'
import { type FixedClock, fixedClock } from '../src/testing/fixed-clock.ts'
import { type Backend, files } from './backend.ts'

export const DAY = 86_400_000
/** When the clinic begins: a ledger is made by the clock of the system. Six calendar years later its records are due. */
const LONG_AGO: UnixMillis = Date.now()
const TODAY: UnixMillis = LONG_AGO + 6.5 * 365 * DAY
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

export interface DispositionClinic {
  readonly backend: Backend
  /** Its home. */
  readonly folder: string
  readonly origin: string
  readonly verifierKey: string
  readonly policy: AccessPolicy
  readonly policyText: string
  /** Of kim, who approves. */
  readonly approver: SignerKey
  readonly clock: FixedClock
}

const AGENT = { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' } as const

export function noted(text: string, more: Partial<Draft> = {}): Draft {
  return { ...AGENT, content: [{ name: 'message', media_type: 'text/plain', body: text }], ...more }
}

const HIPAA = { compliance_domains: ['hipaa'] }

/** Seq 1 to 4: due today, in two conversations; seq 5: nobody said what it is; seq 6: kept for seven years from long ago, and free of HIPAA. */
export const STORY: readonly Draft[] = [
  noted('Ada has a fracture.', { ...HIPAA, conversation_id: 'c-1' }),
  noted('Ada has a cast.', { ...HIPAA, conversation_id: 'c-1' }),
  noted('Ben has a cold.', { ...HIPAA, conversation_id: 'c-2' }),
  { ...AGENT, ...HIPAA, details: { n: 4 } },
  noted('The printer is out of paper.'),
  noted('An invoice.', { retention_class: 'financial' }),
]

export function policyOf(people: object): { readonly policy: AccessPolicy; readonly policyText: string } {
  const policyText = JSON.stringify({ affidavit_access: 1, revision: '1', people })
  return { policyText, policy: parseAccessPolicy(policyText, 'json', 'access.json') }
}

export async function makeDispositionClinic(
  folder: string,
  story: readonly Draft[] = STORY,
  backend: Backend = files,
): Promise<DispositionClinic> {
  const { origin, verifierKey } = await backend.init(folder, 'clinic.example/agents')
  const approver = generateSignerKey('approver/kim', 'ed25519')
  const people = {
    'dr.lee': { roles: ['records_officer'] },
    kim: { roles: ['records_approver'], approval_key: formatVerifierKey(approver.verifierKey) },
    ray: { roles: ['reader'] },
  }
  const clock = fixedClock(LONG_AGO)
  const clinic = { backend, folder, origin, verifierKey, approver, clock, ...policyOf(people) }
  await using ledger = await openClinic(clinic)
  for (const draft of story) await ledger.append(draft)
  await ledger.publish()
  clock.set(TODAY)
  return clinic
}

/** A clinic that is made once for the tests of a group, and copies of it for each to change; all of them end with the group. */
export function copiedClinics(
  name: string,
  story: readonly Draft[],
  backend: Backend,
): { pristine(): DispositionClinic; copied(): Promise<DispositionClinic> } {
  const home = mkdtempSync(join(tmpdir(), `affidavit-${name}-`))
  let made: DispositionClinic | undefined
  before(async () => {
    made = await makeDispositionClinic(join(home, 'pristine'), story, backend)
  })
  after(() => rmSync(home, { recursive: true, force: true }))
  const pristine = (): DispositionClinic => made ?? assert.fail('the tests have not begun')
  let copies = 0
  async function copied(): Promise<DispositionClinic> {
    const folder = join(home, String(copies++))
    await backend.copy(pristine().folder, folder)
    return { ...pristine(), folder }
  }
  return { pristine, copied }
}

export function openClinic(
  { folder, clock }: DispositionClinic,
  parts: OpenOptions & PartOptions = {},
): Promise<Ledger> {
  return openFolder(folder, { publish: QUIET, clock, timeSource: sameTime(clock), ...parts })
}

/** A source of time that goes with a clock, but for so much. */
export function sameTime(clock: FixedClock, behindMillis: number = 0): TimeSource {
  return {
    where: 'https://time.example',
    read: async () => ({ at: clock.now() - behindMillis, uncertainty_millis: 500 }),
  }
}

export function planOf(
  dispositions: Dispositions,
  { policy }: DispositionClinic,
  more: Partial<DispositionRequest> = {},
): Promise<PlannedDisposition> {
  return dispositions.plan({ person: 'dr.lee', policy, delay_days: 0, copies: [], ...more })
}

export function approve(
  { approver, clock }: DispositionClinic,
  plan: DispositionPlan,
  more: Partial<Approval> = {},
  key: SignerKey = approver,
): Uint8Array {
  const { ledger, plan_id } = plan
  const approval: Approval = {
    ledger,
    plan_id,
    plan_sha256: planDigest(plan),
    approver: 'kim',
    approved_at: formatTimestamp(clock.now()),
    decision: 'approve',
    ...more,
  }
  return Buffer.from(signApproval('disposition', approval, key))
}

export function orderOf(
  clinic: DispositionClinic,
  { plan, manifest }: PlannedDisposition,
  more: Partial<DispositionOrder> = {},
): DispositionOrder {
  return { plan, manifest, approval: approve(clinic, plan), person: 'dr.lee', policy: clinic.policy, ...more }
}

/** Plans, approves and carries out. */
export async function disposeOfAll(ledger: Ledger, clinic: DispositionClinic): Promise<CarriedOut> {
  const { dispositions } = ledger
  return dispositions.carryOut(orderOf(clinic, await planOf(dispositions, clinic)))
}

/** Which records can be read, by their seqs. */
export async function standingSeqs(ledger: Ledger): Promise<readonly number[]> {
  const { size } = await ledger.health()
  const seqs: number[] = []
  for (let seq = 0; seq < size; seq++) {
    for await (const { entry } of ledger.entries({ from_seq: seq, until_seq: seq + 1 }))
      if (!Buffer.from(entry).toString().startsWith('{"_stub"')) seqs.push(seq)
  }
  return seqs
}

/** The code of spec/disposition.md by which something is refused. */
export async function refusal(work: Promise<unknown>): Promise<string | undefined> {
  const error = await work.then(
    () => assert.fail('it was done'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof LedgerError, String(error))
  return error.path ?? error.code
}

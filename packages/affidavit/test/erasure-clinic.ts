// A clinic's ledger with two patients, its access policy, and the people who erase: for tests of erasures.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import type { AccessPolicy } from '../src/access/policy.ts'
import { formatTimestamp } from '../src/clock/clock.ts'
import { contentOpener } from '../src/embedded/check-content.ts'
import { keysFolder } from '../src/embedded/folder.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openKeyringToRead } from '../src/embedded/read-keyring.ts'
import { openStore } from '../src/embedded/store.ts'
import { type ErasurePlan, planDigest } from '../src/erasure/plan.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { AuditRecord, ContentReference, Draft } from '../src/formats/fields.ts'
import { generateSignerKey, type SignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { type OpeningParts, openContent, wholeBody } from '../src/ledger/open-content.ts'
import { recordOf } from '../src/ledger/read.ts'
import { type Approval, signApproval } from '../src/papers/approval.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import type { Report } from '../src/verify/report.ts'
import { type Backend, copyFiles, files } from './backend.ts'
import { verifyUnderItsKey } from './verify-home.ts'

export const ADA = 'Ada Okafor, MRN 00441'
export const BEN = 'Ben Adeyemi, MRN 00532'
export const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
export const AGENT = { action: 'agent_response_generated', actor_id: 'clinic-agent', actor_type: 'agent' } as const

export interface ErasureClinic {
  readonly backend: Backend
  /** Its home. */
  readonly folder: string
  readonly origin: string
  readonly verifierKey: string
  /** Not in the folder: opening a ledger puts the one that lies there on record. */
  readonly policy: AccessPolicy
  readonly policyText: string
  /** Of kim, who approves. */
  readonly approver: SignerKey
}

export function said(text: string, more: Partial<Draft> = {}): Draft {
  return { ...AGENT, content: [{ name: 'message', media_type: 'text/plain', body: text }], ...more }
}

/**
 * What is recorded first: seq 1: about Ada, in c-1; seq 2: about Ben, in c-1; seq 3: one content about each; seq 4: about both;
 * seq 5: about nobody, in c-1; seq 6: about nobody, in c-2; seq 7: about Ada, without content.
 */
export const STORY: readonly Draft[] = [
  said('Ada has a fracture.', { subject_ids: [ADA], conversation_id: 'c-1' }),
  said('Ben has a cold.', { subject_ids: [BEN], conversation_id: 'c-1' }),
  {
    ...AGENT,
    subject_ids: [ADA, BEN],
    content: [
      { name: 'ada', media_type: 'text/plain', body: 'Ada waits.', subject_ids: [ADA] },
      { name: 'ben', media_type: 'text/plain', body: 'Ben left.', subject_ids: [BEN] },
    ],
  },
  said('Ada and Ben are siblings.', { subject_ids: [ADA, BEN] }),
  said('The printer is out of paper.', { conversation_id: 'c-1' }),
  said('The lift is stuck.', { conversation_id: 'c-2' }),
  { ...AGENT, subject_ids: [ADA], details: { n: 7 } },
]

/** What of it was said, as saidContents tells it. */
export const SAID = {
  '1 message': 'Ada has a fracture.',
  '2 message': 'Ben has a cold.',
  '3 ada': 'Ada waits.',
  '3 ben': 'Ben left.',
  '4 message': 'Ada and Ben are siblings.',
  '5 message': 'The printer is out of paper.',
  '6 message': 'The lift is stuck.',
}

/** A folder for the tests of a file, and copies in it of a clinic that is made before them. */
export function clinicToCopy(
  name: string,
  story: readonly Draft[] = STORY,
  backend: Backend = files,
): { readonly home: string; readonly copied: () => Promise<ErasureClinic> } {
  const home = mkdtempSync(join(tmpdir(), `affidavit-${name}-`))
  let pristine: ErasureClinic | undefined
  before(async () => {
    pristine = await makeErasureClinic(join(home, 'pristine'), story, backend)
  })
  const made: ErasureClinic[] = []
  afterEach(async () => {
    for (const { folder } of made.splice(0)) await backend.remove(folder)
  })
  after(() => rmSync(home, { recursive: true, force: true }))
  return {
    home,
    async copied() {
      const clinic = await copyOf(pristine ?? assert.fail('the tests have not begun'), home)
      made.push(clinic)
      return clinic
    },
  }
}

export async function makeErasureClinic(
  folder: string,
  story: readonly Draft[] = STORY,
  backend: Backend = files,
): Promise<ErasureClinic> {
  const { origin, verifierKey } = await backend.init(folder, 'clinic.example/agents')
  const [approver, other] = [generateSignerKey('approver/kim', 'ed25519'), generateSignerKey('approver/max', 'ed25519')]
  const text = JSON.stringify({
    affidavit_access: 1,
    revision: '1',
    people: {
      'dr.lee': { roles: ['privacy_officer'] },
      kim: { roles: ['erasure_approver'], approval_key: formatVerifierKey(approver.verifierKey) },
      max: { roles: ['erasure_approver', 'privacy_officer'], approval_key: formatVerifierKey(other.verifierKey) },
      ray: { roles: ['reader'] },
    },
  })
  const policy = parseAccessPolicy(text, 'json', 'access.json')
  await using ledger = await openFolder(folder, { publish: QUIET })
  for (const draft of story) await ledger.append(draft)
  return { backend, folder, origin, verifierKey, policy, policyText: text, approver }
}

export function open(clinic: ErasureClinic): Promise<Ledger> {
  return openFolder(clinic.folder, { publish: QUIET })
}

export function planFor(
  ledger: Ledger,
  { policy }: ErasureClinic,
  subjects: readonly string[] = [ADA],
  conversations: readonly string[] = [],
): Promise<ErasurePlan> {
  return ledger.erasures.plan({
    subjects,
    conversations,
    basis: 'gdpr_17',
    reason: 'request 2026-117',
    person: 'dr.lee',
    policy,
    copies: [],
  })
}

export function approve(
  { approver }: ErasureClinic,
  plan: ErasurePlan,
  more: Partial<Approval> = {},
  key: SignerKey = approver,
): Uint8Array {
  const { ledger, plan_id } = plan
  const approval: Approval = {
    ledger,
    plan_id,
    plan_sha256: planDigest(plan),
    approver: 'kim',
    approved_at: formatTimestamp(Date.now()),
    decision: 'approve',
    ...more,
  }
  return Buffer.from(signApproval('erasure', approval, key))
}

/** Plans, approves and carries out. */
export async function eraseAll(
  ledger: Ledger,
  clinic: ErasureClinic,
  subjects: readonly string[] = [ADA],
  conversations: readonly string[] = [],
): ReturnType<Ledger['erasures']['carryOut']> {
  const plan = await planFor(ledger, clinic, subjects, conversations)
  return ledger.erasures.carryOut({
    plan,
    approval: approve(clinic, plan),
    policy: clinic.policy,
    person: 'dr.lee',
  })
}

/**
 * What every content of the ledger opens to, by `seq name`; `gone` where a key is not there, `altered` where it is not
 * what its record names.
 */
export async function allContents(
  { folder, origin }: Pick<ErasureClinic, 'folder' | 'origin'>,
  given?: Keyring,
): Promise<Record<string, string>> {
  const store = await openStore(placeOf(folder))
  const keyring = given ?? (await openFolderKeyring(folder, origin, 'open'))
  const found: Record<string, string> = {}
  try {
    for (const entry of await store.entries(origin, {}, { limit: 10_000, order: 'ascending' })) {
      const record = recordOf(entry)
      for (const reference of record.content ?? []) {
        found[`${record.seq} ${reference.name}`] = await textOf({ store, ledger: origin, keyring }, record, reference)
      }
    }
    return found
  } finally {
    await store.close()
    if (given === undefined) await keyring.close()
  }
}

async function textOf(parts: OpeningParts, record: AuditRecord, reference: ContentReference): Promise<string> {
  try {
    const opened = await openContent(parts, record, reference)
    return opened.state === 'opened' ? Buffer.from(await wholeBody(opened.body)).toString('utf8') : 'gone'
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'store-corrupt') return 'altered'
    throw error
  }
}

/** As allContents, of what people said. */
export async function saidContents(clinic: Pick<ErasureClinic, 'folder' | 'origin'>): Promise<Record<string, string>> {
  const own = /^\d+ (plan|approval|copies|release)$/
  return Object.fromEntries(Object.entries(await allContents(clinic)).filter(([name]) => !own.test(name)))
}

export async function tokenOf({ folder, origin }: ErasureClinic, id: string): Promise<string> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    return (await keyring.tokenOf(id)) ?? assert.fail('no token')
  } finally {
    await keyring.close()
  }
}

/** The whole ledger, with its keys and its own checkpoint log. */
export async function verified({
  folder,
  verifierKey,
}: Pick<ErasureClinic, 'folder' | 'verifierKey'>): Promise<Report> {
  return verifyUnderItsKey(folder, verifierKey, {
    openContent: contentOpener((ledger) => openKeyringToRead(folder, ledger)),
  })
}

let copies = 0

/** A copy of a clinic, with a home of its own below `home`. */
export async function copyOf(clinic: ErasureClinic, home: string): Promise<ErasureClinic> {
  const folder = join(home, `copy-${copies++}`)
  await clinic.backend.copy(clinic.folder, folder)
  return { ...clinic, folder }
}

/** The keyring of an older copy comes back with its key-encryption keys, as from a backup that nobody listed. */
export async function bringBackKeyring({ backend, folder }: ErasureClinic, from: ErasureClinic): Promise<void> {
  await backend.bringBackKeyring(folder, from.folder)
  const keys = join(keysFolder(folder), 'kek')
  rmSync(keys, { recursive: true })
  copyFiles(join(keysFolder(from.folder), 'kek'), keys)
}

// What a test needs of a clinic whose database comes back from a backup (spec/disposition.md §9).

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'

import { formatTimestamp } from '../src/clock/clock.ts'
import { defaultAnchor } from '../src/embedded/folder.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { dispositionNotes, type NotedDisposition } from '../src/ledger/disposition-notes.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { LedgerStore } from '../src/ledger/store.ts'
import { signApproval } from '../src/papers/approval.ts'
import { holdReleaseDigest } from '../src/papers/hold-release.ts'
import { type DispositionClinic, openClinic } from './disposition-clinic.ts'

export const WHOLE: readonly number[] = [0, 1, 2, 3, 4, 5, 6]
export const LEFT: readonly number[] = [0, 5, 6]
export const WRITES: ReadonlySet<string> = new Set(['commit', 'keepCheckpoint', 'replaceEntries'])

/** A clinic, and what the verifier key of the incarnation is that goes on. */
export interface Restored extends DispositionClinic {
  readonly continued: string
}

/** Which of the first seven records of an incarnation stand in their rows. */
export async function rowsOf({ folder }: DispositionClinic, origin: string): Promise<readonly number[]> {
  const store = await openStore(placeOf(folder))
  try {
    const rows = await store.entries(origin, { until_seq: 7 }, { limit: 7, order: 'ascending' })
    return rows.filter(({ entry }) => !Buffer.from(entry).toString().startsWith('{"_stub"')).map(({ seq }) => seq)
  } finally {
    await store.close()
  }
}

export async function refusedAs(work: Promise<unknown>, code: string, ...says: readonly RegExp[]): Promise<void> {
  const error = await work.then(
    () => assert.fail('it was opened'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof LedgerError, String(error))
  assert.equal(error.code, code, error.message)
  for (const one of says) assert.match(error.message, one)
}

export async function toldIn(ledger: Ledger): Promise<readonly (readonly [phase: unknown, reason: unknown])[]> {
  const told: [unknown, unknown][] = []
  for await (const { details, outcome_reason } of ledger.search({ action: 'records_disposed' }))
    if (details?.phase !== 'paper') told.push([details?.phase, outcome_reason])
  return told
}

export async function notesOf(clinic: DispositionClinic): Promise<readonly NotedDisposition[]> {
  const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
  try {
    return await dispositionNotes(keyring).all()
  } finally {
    await keyring.close()
  }
}

/** Everything around a store’s writes. */
export async function openAround(
  clinic: DispositionClinic,
  act: (name: string, write: () => Promise<unknown>) => Promise<unknown>,
): Promise<Ledger> {
  const store = new Proxy<LedgerStore>(await openStore(placeOf(clinic.folder)), {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || typeof name !== 'string' || !WRITES.has(name)) return member
      return (...args: readonly unknown[]) => act(name, async () => Reflect.apply(member, target, args))
    },
  })
  return openClinic(clinic, { store })
}

export function bringBackLog(clinic: DispositionClinic, from: DispositionClinic): void {
  const log = 'checkpoints.log'
  cpSync(join(defaultAnchor(from.folder), log), join(defaultAnchor(clinic.folder), log))
}

export async function findTold(ledger: Ledger, phase: string): Promise<Record<string, unknown> | undefined> {
  for await (const { details } of ledger.search({ action: 'records_disposed' }))
    if (details?.phase === phase) return details
  return undefined
}

/** By kim’s leave. */
export async function release(clinic: DispositionClinic, hold_id: string): Promise<void> {
  await using ledger = await openClinic(clinic, { access: clinic.policy })
  const holding = ledger.holding({ actor_id: 'dr.lee' })
  const paper = await holding.planRelease(hold_id, 'the matter was settled')
  const approval = {
    ...{ ledger: paper.ledger, plan_id: hold_id, plan_sha256: holdReleaseDigest(paper) },
    ...{ approver: 'kim', approved_at: formatTimestamp(clinic.clock.now()), decision: 'approve' as const },
  }
  const note = Buffer.from(signApproval('hold release', approval, clinic.approver))
  await holding.release({ release: paper, approval: note })
}

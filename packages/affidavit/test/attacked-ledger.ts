// A ledger for tests of what an operator can do who has the database and the keys, and what an auditor kept of it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'

import { signEd25519 } from '../src/crypto/ed25519.ts'
import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { type Draft, type Ledger, openLedger } from '../src/index.ts'
import type { Signer } from '../src/ledger/keys.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import type { Trust } from '../src/verify/trust.ts'
import type { Backend } from './backend.ts'
import type { logKey } from './signing.ts'
import { verifyHome } from './verify-home.ts'

export const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

export interface AttackedLedger {
  /** A folder for whatever a test makes. */
  readonly base: string
  readonly original: string
  readonly origin: () => string
  /** The key that the ledger had in the beginning, pinned. */
  readonly trust: () => Trust & { readonly kind: 'pinned' }
  /** What an auditor kept: the checkpoint of size 6. */
  readonly keptNote: () => string
  readonly kept: () => Promise<Anchor>
  copy(from?: string): Promise<string>
  /** A file with this text, for an anchor. */
  fileOf(text: string): string
  verify(home: string, anchors: readonly Anchor[], pins?: Trust): Promise<Report>
  /** As somebody with nothing but the database sees it; with the checkpoint log; with what an auditor kept. */
  views(home: string): Promise<{ alone: Report; withLog: Report; withKept: Report }>
}

/** Entry 0, five drafts, a checkpoint of size 6; five more, a checkpoint of size 11: made before the tests of a group. */
export function attackedLedger(backend: Backend): AttackedLedger {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-attacks-'))
  after(() => rmSync(base, { recursive: true, force: true }))
  const original = join(base, 'original')
  let made: { readonly origin: string; readonly key: VerifierKey; readonly keptNote: string } | undefined
  const its = (): NonNullable<typeof made> => made ?? assert.fail('the tests have not begun')
  let [copies, files] = [0, 0]

  before(async () => {
    await backend.init(original, 'attacked.example/log')
    await using ledger = await openLedger(original, { publish: QUIET })
    const { origin } = ledger
    await appendMany(ledger, 5)
    const { note } = await ledger.publish()
    await appendMany(ledger, 5)
    made = { origin, key: keyOf(await ledger.verifierKey()), keptNote: note }
  })

  function fileOf(text: string): string {
    const path = join(base, `kept-${files++}`)
    writeFileSync(path, text)
    return path
  }

  const trust = () => ({ kind: 'pinned', keys: [its().key] }) as const
  const kept = (): Promise<Anchor> => externalAnchor(fileOf(its().keptNote))
  const verify = (home: string, anchors: readonly Anchor[], pins: Trust = trust()): Promise<Report> =>
    verifyHome(home, { trust: pins, anchors })

  return {
    base,
    original,
    origin: () => its().origin,
    trust,
    keptNote: () => its().keptNote,
    kept,
    async copy(from = original) {
      const home = join(base, `copy-${copies++}`)
      await backend.copy(from, home)
      return home
    },
    fileOf,
    verify,
    async views(home) {
      return {
        alone: await verify(home, []),
        withLog: await verify(home, [await localAnchor(home)]),
        withKept: await verify(home, [await kept()]),
      }
    },
  }
}

export function draft(n: number): Draft {
  return { action: 'data_accessed', actor_id: 'agent', actor_type: 'agent', conversation_id: 'c', details: { n } }
}

export async function appendMany(ledger: Pick<Ledger, 'append'>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await ledger.append(draft(n))
}

export function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  assert.ok(!('code' in key))
  return key
}

export function signerOf(key: ReturnType<typeof logKey>): Signer {
  return { verifierKey: key.verifierKey, sign: async (message) => signEd25519(key.privateKey, message) }
}

export function codes({ findings }: Report): string[] {
  return [...new Set(findings.map(({ code }) => code))]
}

export function logFolder(home: string): string {
  return join(home, 'checkpoints')
}

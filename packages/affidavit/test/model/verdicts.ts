// What others say of the ledger: the verifier under a pinned key, and the oracle, which shares no code with it.

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { localAnchor } from '../../src/embedded/anchors.ts'
import { parseVerifierKey } from '../../src/formats/verifier-key.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { verifyProof } from '../../src/verify/proof.ts'
import type { Trust } from '../../src/verify/trust.ts'
import { inspectCheckpointLog, type NaiveLedger } from '../oracle/naive-ledger.ts'
import { naiveTree } from '../oracle/naive-tree.ts'
import { withPersons } from '../persons.ts'
import { verifyHome } from '../verify-home.ts'
import { onPaper, type Paper } from './paper-ledger.ts'
import type { World } from './world.ts'

/** Every incarnation in the folder is valid, and has what paper has, no more and no less. */
export async function judgeFolder({ backend, folder, keyring }: World, papers: readonly Paper[]): Promise<void> {
  const newest = papers.at(-1)
  for (const paper of papers) {
    // What a restored database lost, the checkpoint log still swears to: only the newest incarnation has all of its own.
    await judgeVerdict(folder, paper, paper === newest ? [await localAnchor(folder)] : [])
    const ledger = await backend.inspect(folder, paper.origin)
    await judgeRows(ledger, paper, await keyring.get())
    if (paper === newest) judgeReleased(folder, ledger, paper)
  }
}

async function judgeVerdict(
  folder: string,
  { origin, records, checkpoints, keys }: Paper,
  anchors: readonly Awaited<ReturnType<typeof localAnchor>>[],
): Promise<void> {
  for (const key of [keys.at(0), keys.at(-1)]) {
    const trust = pinned(key ?? '')
    const report = await verifyHome(folder, { origin, trust, anchors })
    assert.deepEqual(report.findings, [])
    assert.deepEqual([report.status, report.records_checked], ['valid', records.length])
    assert.equal(report.axes.signer.verdict, 'pinned key')
    assert.ok(report.axes.signer.says.endsWith(`until ${checkpoints.at(-1)}`), report.axes.signer.says)
  }
}

async function judgeRows(ledger: NaiveLedger, { records, checkpoints }: Paper, keyring: Keyring): Promise<void> {
  const written = ledger.entries.map(async ({ members, hash }) => {
    return { fields: onPaper(await withPersons(keyring, Object.fromEntries(members))), hash }
  })
  assert.deepEqual(
    await Promise.all(written),
    records.map(({ fields, hash }) => ({ fields, hash })),
  )
  assert.equal(new Set(ledger.entries.map(({ members }) => members.get('salt'))).size, records.length)
  assert.deepEqual(
    ledger.checkpoints.map(({ size }) => size),
    checkpoints,
  )
}

/** Everything that was published is outside the database too. */
function judgeReleased(folder: string, ledger: NaiveLedger, { checkpoints }: Paper): void {
  const released = inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), ledger)
  const sizes = new Set(released.map(({ size }) => size))
  assert.deepEqual([...sizes], checkpoints)
}

/** A proof is the path that the definition gives, and holds for its entry alone. */
export async function judgeProof(
  { checkpoints, keys }: Paper,
  ledger: Ledger,
  seq: number,
  text: string,
): Promise<void> {
  const size = checkpoints.at(-1) ?? 0
  const entries: Uint8Array[] = []
  for await (const { entry } of ledger.entries({ until_seq: size })) entries.push(entry)
  const path = naiveTree(entries)
    .path(seq)
    .map((hash) => Buffer.from(hash).toString('base64'))
  const lines = ['c2sp.org/tlog-proof@v1', `index ${seq}`, ...path, '', ledger.origin, String(size), '']
  assert.equal(text.slice(0, lines.join('\n').length), lines.join('\n'))
  for (const [i, entry] of entries.entries()) {
    if (Math.abs(i - seq) > 1) continue
    const { status } = verifyProof(Buffer.from(text), entry, pinned(keys.at(-1) ?? ''))
    assert.equal(status, i === seq ? 'valid' : 'tampered')
  }
}

function pinned(key: string): Trust & { readonly kind: 'pinned' } {
  const parsed = parseVerifierKey(key)
  assert.ok(!('code' in parsed))
  return { kind: 'pinned', keys: [parsed] }
}

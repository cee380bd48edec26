import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { databaseFile } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import type { Draft } from '../formats/fields.ts'
import { parseVerifierKey } from '../formats/verifier-key.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifyProof } from '../verify/proof.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerStore } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-prove-'))
after(() => rmSync(root, { recursive: true, force: true }))

const QUIET = { publish: { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 } }
const call: Draft = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' }

let folders = 0
async function freshFolder(): Promise<string> {
  const folder = join(root, String(folders++))
  await initLedger(folder, { origin: 'prove.example/agents' })
  return folder
}

/** The size of the checkpoint that the record was proved under, after verifying the proof. */
async function provenUnder(ledger: Ledger, which: string | number): Promise<number> {
  const proof = await ledger.prove(which)
  const seq = typeof which === 'number' ? which : ((await ledger.get(which))?.seq ?? assert.fail(which))
  const { value: entry } = await ledger.entries({ from_seq: seq, until_seq: seq + 1 }).next()
  const key = parseVerifierKey(await ledger.verifierKey())
  assert.ok(entry !== undefined && !('code' in key))
  const { status } = verifyProof(Buffer.from(proof), entry.entry, { kind: 'pinned', keys: [key] })
  assert.equal(status, 'valid', proof)
  const [, size] = new RegExp(`^${ledger.origin}\n(\\d+)\n`, 'm').exec(proof) ?? []
  return Number(size)
}

test('every record is proved under the newest checkpoint, whoever published it, however the log grew between proofs', async () => {
  const folder = await freshFolder()
  await using ledger = await openFolder(folder, QUIET)
  await using other = await openFolder(folder, QUIET)
  for (let size = 2; size <= 12; size++) {
    const { id, seq } = await ledger.append(call)
    await (size % 2 === 0 ? ledger : other).publish()
    for (let which = 0; which < size; which++) assert.equal(await provenUnder(ledger, which), size)
    assert.equal(await provenUnder(ledger, id), seq + 1)
  }
})

test('what no checkpoint covers yet is published first', async () => {
  await using ledger = await openFolder(await freshFolder(), QUIET)
  assert.equal(await provenUnder(ledger, 0), 1)
  const { seq, id } = await ledger.append(call)
  assert.equal(await provenUnder(ledger, seq), 2)
  assert.equal(await provenUnder(ledger, 0), 2)
  assert.equal(await provenUnder(ledger, id), 2)
})

test('what is no record is not found, after a proof too, and leaves nothing unhandled', async () => {
  await using ledger = await openFolder(await freshFolder(), QUIET)
  for (let again = 0; again < 2; again++) {
    for (const which of [-1, 0.5, 1, Number.NaN, Number.MAX_SAFE_INTEGER, '0193f5a2-7c00-7abc-8def-ffffffffffff']) {
      await assert.rejects(ledger.prove(which), { code: 'not-found' }, String(which))
    }
    await provenUnder(ledger, 0)
  }
})

test('nodes that were read for a size that is no longer the newest are not used, and their failure is not told', async () => {
  const folder = await freshFolder()
  let reads = Number.NEGATIVE_INFINITY
  const store: LedgerStore = sqliteStore(databaseFile(folder), 'open')
  // The second read is the one for the size of the first proof.
  const flaky: LedgerStore = {
    ...store,
    nodes: (ledger, ids) =>
      ++reads === 2 ? Promise.reject(new Error('a guess that fails')) : store.nodes(ledger, ids),
  }
  await using other = await openFolder(folder, QUIET)
  await other.append(call)
  await other.publish()
  await using ledger = await openFolder(folder, { ...QUIET, store: flaky })
  reads = 0
  assert.equal(await provenUnder(ledger, 0), 2)
  await other.append(call)
  await other.publish()
  assert.equal(await provenUnder(ledger, 0), 3)
  assert.equal(reads, 3)
})

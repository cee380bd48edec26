// What an operator can do with keys: those that lead to the newest checkpoint, and those that prove nothing.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'

import { systemClock } from '../src/clock/clock.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { keysFolder } from '../src/embedded/folder.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { type Draft, openLedger } from '../src/index.ts'
import { fileKeys } from '../src/keys/file.ts'
import { checkpointFile } from '../src/ledger/checkpoint-file.ts'
import type { LedgerKeys, Signer } from '../src/ledger/keys.ts'
import { publishCheckpoint } from '../src/ledger/publish.ts'
import { emptyFrontier } from '../src/merkle/growth.ts'
import { plainAdmission } from '../src/testing/plain-admission.ts'
import type { Trust } from '../src/verify/trust.ts'
import { appendMany, attackedLedger, codes, draft, keyOf, QUIET, signerOf } from './attacked-ledger.ts'
import type { Backend } from './backend.ts'
import { logKey } from './signing.ts'

export function testAttacksOnKeys(backend: Backend): void {
  const { base, original, origin, copy, verify } = attackedLedger(backend)

  describe('keys change', () => {
    const folder = join(base, 'rotated')
    const pins: VerifierKey[] = []

    before(async () => {
      await backend.copy(original, folder)
      await using ledger = await openLedger(folder, { publish: QUIET })
      pins.push(keyOf(await ledger.verifierKey()))
      for (let n = 0; n < 2; n++) {
        await appendMany(ledger, 2)
        await ledger.publish()
        pins.push(keyOf((await ledger.rotateKey()).verifierKey))
      }
      await appendMany(ledger, 1)
    })

    const pinnedTo = (...keys: (VerifierKey | undefined)[]): Trust => ({
      kind: 'pinned',
      keys: keys.filter((key) => key !== undefined),
    })

    test('the first, the second and the newest key each lead to the newest checkpoint', async () => {
      for (const key of pins) {
        const report = await verify(folder, [await localAnchor(folder)], pinnedTo(key))
        assert.deepEqual(codes(report), [])
        assert.match(report.axes.signer.says, /^pinned key .* until 18$/)
        assert.ok(report.axes.signer.says.includes(formatVerifierKey(pins[2] ?? key)))
        // What was pinned is named as such, not the key that it leads to.
        assert.ok(report.axes.signer.says.startsWith(`pinned key ${formatVerifierKey(key)}`))
      }
    })

    test('another ledger’s key, and a stranger’s under the same name, lead nowhere', async () => {
      for (const name of [origin(), 'other.example/log/0']) {
        const stranger = generateSignerKey(name, 'ed25519').verifierKey
        const report = await verify(folder, [], pinnedTo(stranger))
        assert.deepEqual([report.status, codes(report)], ['incomplete', ['no-trusted-signature']])
        assert.equal(report.axes.signer.verdict, 'unsigned')
      }
    })

    test('a new key that is announced, but that only its owner has signed for, is not followed', async () => {
      const attacked = await copy(folder)
      const [, , newest] = pins
      assert.ok(newest !== undefined)
      const forged = logKey(origin())
      await signAs(attacked, signerOf(forged), {
        action: 'key_rotated',
        actor_id: 'affidavit',
        actor_type: 'system',
        details: { old_key: formatVerifierKey(newest), new_key: formatVerifierKey(forged.verifierKey), attempt: 0 },
      })
      for (const key of pins) {
        const report = await verify(attacked, [], pinnedTo(key))
        assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']])
        assert.match(report.axes.signer.says, /^contradicted: .*not in force/)
      }
    })

    test('a key that is not even announced was put there', async () => {
      const attacked = await copy(folder)
      await signAs(attacked, signerOf(logKey(origin())), draft(7))
      const report = await verify(attacked, [], pinnedTo(pins[0]))
      assert.equal(report.status, 'tampered')
      assert.ok(codes(report).includes('foreign-signature'))
    })

    test('a retired key that signs on proves nothing', async () => {
      const attacked = await copy(folder)
      const retired = await fileKeys(keysFolder(original), origin()).checkpoint()
      await signAs(attacked, retired, draft(7))
      for (const key of pins) {
        const report = await verify(attacked, [], pinnedTo(key))
        assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']], formatVerifierKey(key))
      }
    })

    /** Records a draft and publishes a checkpoint of it that `signer` signs, with the ledger's own heartbeat key. */
    async function signAs(attacked: string, signer: Signer, recorded: Draft): Promise<void> {
      const keys: LedgerKeys = { ...fileKeys(keysFolder(attacked), origin()), checkpoint: async () => signer }
      const { admitOwn } = plainAdmission({ ledger: origin(), clock: systemClock })
      const store = await openStore(placeOf(attacked))
      try {
        const batch = { ledger: origin(), drafts: [admitOwn(recorded)], at: Date.now(), patienceMillis: 5_000 }
        await store.commit(batch)
        const outside = checkpointFile(join(attacked, 'elsewhere'))
        await publishCheckpoint({ store, ledger: origin(), keys, outside }, { frontier: emptyFrontier }, Date.now())
      } finally {
        await store.close()
      }
    }
  })
}

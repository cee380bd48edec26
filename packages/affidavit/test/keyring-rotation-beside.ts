// A keyring that is rotated beside erasures, changes of the checkpoint key and other processes (spec/vault.md §8).

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { createRandomSource } from '../src/crypto/random.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring, openWrapper } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { exportLedger } from '../src/evidence/export.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { type Keyring, openKeyring } from '../src/vault/keyring.ts'
import { verifyExport } from '../src/verify/export.ts'
import type { Backend } from './backend.ts'
import { ADA, clinicToCopy, eraseAll, open, QUIET, SAID, STORY, said, saidContents } from './erasure-clinic.ts'
import { openKeyringStore } from './keyring-store.ts'
import { assertValid, inForce, interrupted, turnsIn } from './keyring-turns.ts'

export function testKeyringRotationBeside(backend: Backend): void {
  const { home, copied } = clinicToCopy('keyring-rotation-beside', STORY, backend)

  test('two rotations that are told the other way round: the next opening says which generation is in force', async () => {
    const clinic = await copied()
    await using other = await open(clinic)
    const keyring = await interrupted(clinic, () => other.rotateKeyring())
    {
      await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring })
      await ledger.rotateKeyring()
    }
    for (let opening = 0; opening < 2; opening++) {
      await using ledger = await open(clinic)
      const turns = (await turnsIn(ledger)).map(({ told, keyring_generation }) => [told, keyring_generation])
      assert.deepEqual(turns, [
        ['by-rotation', 3],
        ['by-rotation', 2],
        ['at-opening', 3],
      ])
      assert.equal((await inForce(clinic)).generation, 3)
    }
  })

  test('another process that opens between a turn-over and its record writes the record, and there is one', async () => {
    const clinic = await copied()
    const keyring = await interrupted(clinic, async () => (await open(clinic)).close())
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring })
    const rotated = await ledger.rotateKeyring()
    const [turn, ...more] = await turnsIn(ledger)
    assert.deepEqual([turn?.told, turn?.new_version, turn?.seq], ['at-opening', rotated.new_version, rotated.seq])
    assert.deepEqual(more, [])
  })

  test('a rotation that another process makes and records while this one opens is told once', async () => {
    const clinic = await copied()
    await using other = await open(clinic)
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    let asked = 0
    const slow: Keyring = {
      ...keyring,
      async inForce() {
        const found = await keyring.inForce()
        if (asked++ === 0) await other.rotateKeyring()
        return found
      },
    }
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: slow })
    assert.deepEqual(
      (await turnsIn(ledger)).map(({ told, keyring_generation }) => [told, keyring_generation]),
      [['by-rotation', 2]],
    )
  })

  test('processes that have the keyring open go on, and nothing is prepared anew', async () => {
    const clinic = await copied()
    {
      await using other = await open(clinic)
      await other.append(said('Before.', { conversation_id: 'c-3' }))
      await using ledger = await open(clinic)
      const rotated = await Promise.all([
        ledger.rotateKeyring(),
        ...['a', 'b', 'c'].map((text) => other.append(said(text, { conversation_id: 'c-3' }))),
        ...['d', 'e', 'f'].map((text) => other.append(said(text, { subject_ids: [`new ${text}`] }))),
      ])
      assert.equal(rotated[0].generation, 2)
      await other.append(said('g', { subject_ids: ['new g'] }))
      await ledger.append(said('h', { subject_ids: ['new g'] }))
    }
    const texts = Object.values(await saidContents(clinic))
    for (const text of ['Before.', ...'abcdefgh']) assert.ok(texts.includes(text), text)
    assert.ok(!texts.includes('gone'))
  })

  test('a rotation and an erasure at once: the rows go, all else opens, both are on record', async () => {
    const clinic = await copied()
    {
      await using eraser = await open(clinic)
      await using other = await open(clinic)
      const [{ standing }, ...rotated] = await Promise.all([
        eraseAll(eraser, clinic, [ADA], ['c-1']),
        eraser.rotateKeyring(),
        other.rotateKeyring(),
        other.rotateKeyring(),
      ])
      assert.equal(standing.state, 'erased')
      const turns = await turnsIn(other)
      for (const { generation, new_version } of rotated) {
        assert.ok(turns.some((turn) => turn.keyring_generation === generation && turn.new_version === new_version))
      }
    }
    const gone = { '1 message': 'gone', '3 ada': 'gone', '4 message': 'gone', '5 message': 'gone' }
    assert.deepEqual(await saidContents(clinic), { ...SAID, ...gone })
    {
      await using ledger = await open(clinic)
      const before = (await turnsIn(ledger)).length
      await using again = await open(clinic)
      assert.equal((await turnsIn(again)).length, before)
    }
    await assertValid(clinic)
  })

  test('a rotation and then an erasure, or the other way round: the next opening has nothing to add', async () => {
    for (const last of ['erasure', 'rotation']) {
      const clinic = await copied()
      {
        await using ledger = await open(clinic)
        if (last === 'erasure') await ledger.rotateKeyring()
        await eraseAll(ledger, clinic, [ADA])
        if (last === 'rotation') await ledger.rotateKeyring()
      }
      await using ledger = await open(clinic)
      const turns = await turnsIn(ledger)
      assert.deepEqual(
        turns.map(({ told, keyring_generation }) => [told, keyring_generation]),
        [['by-rotation', last === 'erasure' ? 2 : 3]],
      )
      await ledger.rotateKeyring()
      assert.equal((await turnsIn(ledger)).at(-1)?.previous_generation, 3)
    }
  })

  test('an erasure that stopped behind its decision is finished before the keyring is turned over', async () => {
    const clinic = await copied()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    let failures = 0
    const failing: Keyring = {
      ...keyring,
      turnOverFrom: (generation, leaving) =>
        failures++ === 0 ? Promise.reject(new Error('the power is gone')) : keyring.turnOverFrom(generation, leaving),
    }
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: failing })
    await assert.rejects(eraseAll(ledger, clinic, [ADA]), /the power is gone/)
    assert.equal((await ledger.rotateKeyring()).generation, 3)
    const [standing, ...more] = await ledger.erasures.standing()
    assert.deepEqual([standing?.state, more], ['erased', []])
  })

  test('a keeper that refuses to destroy is not said to have done so, and the rotation is told by the next opening', async () => {
    const clinic = await copied()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    const refusing: Keyring = {
      ...keyring,
      async destroyRetired() {
        throw new LedgerError('wrong-key', { problem: 'that key is not of this ledger' })
      },
    }
    {
      await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: refusing })
      await assert.rejects(ledger.rotateKeyring(), { code: 'wrong-key' })
    }
    await using ledger = await open(clinic)
    assert.deepEqual(
      (await turnsIn(ledger)).map(({ told }) => told),
      ['at-opening'],
    )
  })

  test('a turn-over by somebody else behind the decision of an erasure: decided anew, and the next rotation goes on from its outcome', async () => {
    const clinic = await copied()
    {
      const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
      await using other = await open(clinic)
      let rotations = 0
      const overtaken: Keyring = {
        ...keyring,
        async turnOverFrom(generation, without) {
          // Only the turn-over: whoever rotates by name first finishes what was decided.
          if (rotations++ === 0) {
            const theirs = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
            await theirs.turnOver()
            await theirs.close()
          }
          return keyring.turnOverFrom(generation, without)
        },
      }
      await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: overtaken })
      await eraseAll(ledger, clinic, [ADA])
      await other.rotateKeyring()
    }
    await using again = await open(clinic)
    const [turn, ...more] = await turnsIn(again)
    assert.deepEqual([turn?.told, turn?.previous_generation, turn?.keyring_generation], ['by-rotation', 3, 4])
    assert.deepEqual(more, [])
  })

  test('a key that cannot be destroyed now stands on record, keeps nobody from going on, and goes with the next rotation, or when erasures are finished', async () => {
    const clinic = await copied()
    const { folder, origin } = clinic
    const name = nameOf(origin)
    const wrapper = await openWrapper(folder, name)
    let reachable = false
    const away = async (): Promise<never> => {
      throw new LedgerError('key-unavailable', { problem: 'the keeper does not answer' })
    }
    const keyring = await openKeyring({
      store: await openKeyringStore(folder, name),
      wrapper: {
        ...wrapper,
        destroy: (version) => (reachable ? wrapper.destroy(version) : away()),
        versions: () => (reachable ? wrapper.versions() : away()),
      },
      name,
      random: createRandomSource(),
    })
    await using ledger = await openFolder(folder, { publish: QUIET, keyring })
    const first = await ledger.rotateKeyring()
    assert.deepEqual(first.retired_key_versions, [first.old_version])
    await ledger.append(said('On it goes.'))
    assert.deepEqual((await keyring.inForce()).retired, [first.old_version])
    reachable = true
    await ledger.erasures.finish()
    assert.deepEqual((await keyring.inForce()).retired, [])
    reachable = false
    const again = await ledger.rotateKeyring()
    assert.deepEqual(again.retired_key_versions, [again.old_version])
    reachable = true
    const second = await ledger.rotateKeyring()
    assert.deepEqual(second.retired_key_versions, [])
    assert.deepEqual((await keyring.ends()).destroyed, [first.old_version, again.old_version, second.old_version])
    assert.deepEqual(
      (await turnsIn(ledger)).map((turn) => turn.retired_key_versions),
      [[first.old_version], [again.old_version], []],
    )
  })

  test('changes of both kinds in any order: the ledger opens, verifies and is exported under the first key', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    {
      await using ledger = await open(clinic)
      await ledger.rotateKey()
      await ledger.rotateKeyring()
    }
    await using ledger = await open(clinic)
    await ledger.rotateKey()
    await ledger.rotateKeyring()
    await ledger.publish()
    await assertValid(clinic)
    const key = parseVerifierKey(clinic.verifierKey)
    assert.ok(!('code' in key))
    for (const filter of [{}, { conversation_id: 'c-1' }]) {
      const out = join(home, `export-${JSON.stringify(filter).length}`)
      await exportLedger(ledger, { out, filter, timeZone: 'UTC' })
      const keyLines = readFileSync(join(out, 'keys.jsonl'), 'utf8').trimEnd().split('\n')
      assert.deepEqual(
        keyLines.map((line) => Object.keys(JSON.parse(line).details).includes('old_key')),
        [false, true, true],
      )
      const report = await verifyExport(out, { trust: { kind: 'pinned', keys: [key] }, anchors: [] })
      assert.deepEqual([report.status, report.findings], ['valid', []])
    }
  })

  test('a ledger that goes on after a restore takes the keyring as it is', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    await continueAfterRestore(clinic.folder)
    await using ledger = await open(clinic)
    assert.deepEqual(await turnsIn(ledger), [])
    assert.equal((await ledger.at(0))?.details?.keyring_generation, 2)
    await ledger.rotateKeyring()
    const [turn] = await turnsIn(ledger)
    assert.deepEqual([turn?.previous_generation, turn?.keyring_generation], [2, 3])
  })
}

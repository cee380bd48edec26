// The keyring gets a new key-encryption key, and it is on record whatever happens (spec/vault.md §8).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRandomSource } from '../src/crypto/random.ts'
import { openFolderKeyring, openWrapper } from '../src/embedded/keyring.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { openKeyring } from '../src/vault/keyring.ts'
import type { Backend } from './backend.ts'
import { openToDie, waysToFail, whenToFail } from './dying-ledger.ts'
import { bringBackKeyring, clinicToCopy, copyOf, open, SAID, STORY, said, saidContents } from './erasure-clinic.ts'
import { openKeyringStore } from './keyring-store.ts'
import { assertValid, inForce, turnsIn } from './keyring-turns.ts'

/** What the next openings find, from the first write that fails to the last. */
const TOLD = {
  before: /^(undone,)+at-opening(,at-opening)+$/,
  after: /^(undone,)+(at-opening,)+by-rotation$/,
  'before or after': /^(undone,)+at-opening(,at-opening)*(,by-rotation)?$/,
}

export function testKeyringRotation(backend: Backend): void {
  const { home, copied } = clinicToCopy('keyring-rotation', STORY, backend)

  test('a rotation keeps every key, destroys the version before, and is on record', async () => {
    const clinic = await copied()
    const old = await inForce(clinic)
    {
      await using ledger = await open(clinic)
      const rotated = await ledger.rotateKeyring()
      const now = await inForce(clinic)
      assert.notEqual(now.version, old.version)
      assert.deepEqual(rotated, {
        generation: 2,
        old_version: old.version,
        new_version: now.version,
        retired_key_versions: [],
        seq: rotated.seq,
      })
      assert.deepEqual(await turnsIn(ledger), [
        {
          key: 'keyring',
          told: 'by-rotation',
          keyring_generation: 2,
          previous_generation: 1,
          old_version: old.version,
          new_version: now.version,
          retired_key_versions: [],
          seq: rotated.seq,
        },
      ])
      // Under the keys of before, which nobody had to ask for again.
      await ledger.append(said('Later.', { conversation_id: 'c-1' }))
    }
    await (await open(clinic)).close()
    assert.deepEqual(await saidContents(clinic), { ...SAID, '9 message': 'Later.' })
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    assert.deepEqual((await keyring.ends()).destroyed, [old.version])
    await keyring.close()
    await assertValid(clinic)
  })

  test('an old copy of the keyring, with every key that is left, opens no more', async () => {
    const clinic = await copied()
    const old = await copyOf(clinic, home)
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    const name = nameOf(clinic.origin)
    const store = await openKeyringStore(old.folder, name)
    const wrapper = await openWrapper(clinic.folder, name)
    await assert.rejects(openKeyring({ store, wrapper, name, random: createRandomSource() }), { code: 'key-destroyed' })
    await store.close()
  })

  for (const way of waysToFail(backend)) {
    test(`a failure at any moment of a rotation leaves it undone, or on record at the latest with the next opening: ${way} the write`, async () => {
      const seen: string[] = []
      const told: string[] = []
      for (let number = 1; ; number++) {
        const clinic = await copied()
        const { ledger, dieAt, died } = await openToDie(clinic, whenToFail(way, number))
        dieAt(number)
        const outcome = await ledger.rotateKeyring().then(
          () => 'done',
          () => 'died',
        )
        await ledger.close().catch(() => undefined)
        if (outcome === 'done') break
        seen.push(died() ?? assert.fail('it failed by itself'))
        await (await open(clinic)).close()
        await using again = await open(clinic)
        const turns = await turnsIn(again)
        const { generation, version, retired } = await inForce(clinic)
        assert.deepEqual(
          turns.map(({ keyring_generation, new_version }) => [keyring_generation, new_version]),
          generation === 1 ? [] : [[generation, version]],
          `${number} ${seen.at(-1)}`,
        )
        assert.deepEqual(retired, [])
        told.push(turns[0]?.told ?? 'undone')
        assert.deepEqual(await saidContents(clinic), SAID)
        await again.append(said('On it goes.', { conversation_id: 'c-1' }))
      }
      for (const write of ['create', 'wrap', 'stage', 'turnOver', 'settle', 'destroy', 'forget', 'commit'])
        assert.ok(seen.includes(write), write)
      assert.match(told.join(), TOLD[way])
    })
  }

  test('a keyring that was turned over and never recorded is put on record by the next opening, once', async () => {
    const clinic = await copied()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    await keyring.turnOver()
    await keyring.turnOver()
    await keyring.close()
    for (let opening = 0; opening < 3; opening++) {
      await using ledger = await open(clinic)
      const [found, ...more] = await turnsIn(ledger)
      const { generation, version } = await inForce(clinic)
      assert.deepEqual([generation, more], [3, []])
      assert.ok(found !== undefined)
      const { seq, ...turn } = found
      assert.deepEqual(turn, {
        key: 'keyring',
        told: 'at-opening',
        keyring_generation: 3,
        previous_generation: 1,
        new_version: version,
        retired_key_versions: [],
      })
    }
    await assertValid(clinic)
  })

  test('an older copy of the keyring that comes back with its keys is put on record, and so is a rotation behind it', async () => {
    const clinic = await copied()
    const old = await copyOf(clinic, home)
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    await bringBackKeyring(clinic, old)
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    await using ledger = await open(clinic)
    assert.deepEqual(
      (await turnsIn(ledger)).map((turn) => [turn.told, turn.previous_generation, turn.keyring_generation]),
      [
        ['by-rotation', 1, 2],
        ['at-opening', 2, 1],
        ['by-rotation', 1, 2],
      ],
    )
  })

  test('an older copy of the keyring that was on record before, and comes back, is put on record once more', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    const old = await copyOf(clinic, home)
    {
      await using ledger = await open(clinic)
      await ledger.rotateKeyring()
    }
    await bringBackKeyring(clinic, old)
    for (let opening = 0; opening < 2; opening++) {
      await using ledger = await open(clinic)
      assert.deepEqual(
        (await turnsIn(ledger)).map((turn) => [turn.told, turn.previous_generation, turn.keyring_generation]),
        [
          ['by-rotation', 1, 2],
          ['by-rotation', 2, 3],
          ['at-opening', 3, 2],
        ],
      )
    }
    await assertValid(clinic)
  })
}

// The keyring gets a new key-encryption key: on record whatever happens, beside erasures, changes of the checkpoint key and other
// processes (spec/vault.md §8).

import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { createRandomSource } from '../src/crypto/random.ts'
import { keyringFile } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring, openWrapper } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { exportLedger } from '../src/evidence/export.ts'
import { parseKeyringTurn } from '../src/formats/key-rotation.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { sqliteKeyringStore } from '../src/stores/sqlite/keyring.ts'
import { type Keyring, openKeyring } from '../src/vault/keyring.ts'
import { verifyExport } from '../src/verify/export.ts'
import { openToDie } from './dying-ledger.ts'
import {
  ADA,
  clinicToCopy,
  copyOf,
  type ErasureClinic,
  eraseAll,
  open,
  QUIET,
  SAID,
  said,
  saidContents,
} from './erasure-clinic.ts'
import { verifyUnderItsKey } from './verify-home.ts'

const { home, copied } = clinicToCopy('keyring-rotation')

type Turn = NonNullable<ReturnType<typeof parseKeyringTurn>> & { readonly seq: number }

/** What is on record of turn-overs, in order; every record of a key that is none of these is about the checkpoint key. */
async function turnsIn(ledger: Ledger): Promise<Turn[]> {
  const turns: Turn[] = []
  for await (const { seq, details = {} } of ledger.search({ action: 'key_rotated' })) {
    const turn = parseKeyringTurn(details)
    if (turn === undefined) assert.ok('old_key' in details, JSON.stringify(details))
    else turns.push({ ...turn, seq })
  }
  return turns
}

async function inForce({ folder, origin }: ErasureClinic): ReturnType<Keyring['inForce']> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    return await keyring.inForce()
  } finally {
    await keyring.close()
  }
}

async function assertValid({ folder, verifierKey }: ErasureClinic): Promise<void> {
  const report = await verifyUnderItsKey(folder, verifierKey)
  assert.deepEqual([report.status, report.findings], ['valid', []])
}

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
  const kept = join(home, 'kept-keyring.db')
  cpSync(keyringFile(clinic.folder), kept)
  {
    await using ledger = await open(clinic)
    await ledger.rotateKeyring()
  }
  const name = nameOf(clinic.origin)
  const store = sqliteKeyringStore(kept, 'open')
  const wrapper = await openWrapper(clinic.folder, name)
  await assert.rejects(openKeyring({ store, wrapper, name, random: createRandomSource() }), { code: 'key-destroyed' })
  await store.close()
})

for (const when of ['before', 'after'] as const) {
  test(`a failure at any moment of a rotation leaves it undone, or on record at the latest with the next opening: ${when} the write`, async () => {
    const seen: string[] = []
    const told: string[] = []
    for (let number = 1; ; number++) {
      const clinic = await copied()
      const { ledger, dieAt, died } = await openToDie(clinic, when)
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
    assert.match(
      told.join(),
      when === 'before' ? /^(undone,)+at-opening(,at-opening)+$/ : /^(undone,)+(at-opening,)+by-rotation$/,
    )
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
  const { folder } = clinic
  const old = join(home, 'old')
  cpSync(folder, old, { recursive: true, preserveTimestamps: true })
  {
    await using ledger = await open(clinic)
    await ledger.rotateKeyring()
  }
  for (const name of ['keyring.db', 'keyring.db-wal', 'keyring.db-shm', 'keys/kek'])
    rmSync(join(folder, name), { recursive: true, force: true })
  for (const name of ['keyring.db', 'keys/kek']) cpSync(join(old, name), join(folder, name), { recursive: true })
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
  for (const name of ['keyring.db', 'keyring.db-wal', 'keyring.db-shm', 'keys/kek'])
    rmSync(join(clinic.folder, name), { recursive: true, force: true })
  for (const name of ['keyring.db', 'keys/kek'])
    cpSync(join(old.folder, name), join(clinic.folder, name), { recursive: true })
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

/** The keyring of a clinic, in which something else happens right behind each turn-over. */
async function interrupted(clinic: ErasureClinic, then: () => Promise<unknown>): Promise<Keyring> {
  const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
  return {
    ...keyring,
    async turnOver(without) {
      const turned = await keyring.turnOver(without)
      await then()
      return turned
    },
  }
}

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
    store: sqliteKeyringStore(keyringFile(folder), 'open'),
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

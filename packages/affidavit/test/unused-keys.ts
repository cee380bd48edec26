// Keys of persons and conversations go when nothing stands under them any more (spec/vault.md §10), so that no older copy of the database opens
// what was destroyed.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { parseContentKey } from '../src/formats/content-key.ts'
import type { Draft } from '../src/formats/fields.ts'
import { memoryObjectStore } from '../src/testing/memory-object-store.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import type { Owner } from '../src/vault/wrap-anew.ts'
import { all } from './archived-clinic.ts'
import { type Backend, doesAll } from './backend.ts'
import {
  copiedClinics,
  DAY,
  type DispositionClinic,
  disposeOfAll,
  noted,
  openClinic,
  orderOf,
  planOf,
  sameTime,
} from './disposition-clinic.ts'
import { openToDie, whenToFail } from './dying-ledger.ts'
import { openAround } from './restored-clinic.ts'

const [ADA, BEN, EVE] = ['PT-20417', 'PT-20533', 'PT-20671']
const HIPAA = { compliance_domains: ['hipaa'] }
const LOGIN: Draft = {
  action: 'agent_response_generated',
  ...{ actor_id: 'clinic-agent', actor_type: 'agent' },
  ...{ id: '0193a1f0-0000-7000-8000-000000000001', conversation_id: 'c-3', outcome: 'success' },
}

/** Due are 1 to 5. */
const STORY: readonly Draft[] = [
  noted('Ada has a fracture.', { ...HIPAA, conversation_id: 'c-1', subject_ids: [ADA] }),
  noted('Ben has a cold.', { ...HIPAA, conversation_id: 'c-1', subject_ids: [BEN] }),
  noted('The ward is full.', { ...HIPAA, conversation_id: 'c-1' }),
  noted('Eve has a cough.', { ...HIPAA, conversation_id: 'c-2', subject_ids: [EVE] }),
  noted('The ward is empty.', { ...HIPAA, conversation_id: 'c-3' }),
  // Of another class, of the same one, and without content.
  noted('Ada paid.', { retention_class: 'financial', subject_ids: [ADA] }),
  noted('Eve came back.', { subject_ids: [EVE] }),
  LOGIN,
]

async function withKeyring<T>(
  { folder, origin }: DispositionClinic,
  work: (keyring: Keyring) => Promise<T>,
): Promise<T> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    return await work(keyring)
  } finally {
    await keyring.close()
  }
}

/** Of whom the keyring has which keys, by their classes. */
function keysOf(clinic: DispositionClinic): Promise<Readonly<Record<string, readonly string[]>>> {
  return withKeyring(clinic, async (keyring) => {
    const owners: Record<string, Owner> = {}
    for (const conversation of ['c-1', 'c-2', 'c-3'])
      owners[conversation] = { owner_kind: 'conversation', owner: conversation }
    for (const [name, id] of Object.entries({ ada: ADA, ben: BEN, eve: EVE }))
      owners[name] = { owner_kind: 'subject', owner: (await keyring.tokenOf(id)) ?? assert.fail(`no token of ${name}`) }
    const found: [string, readonly string[]][] = []
    for (const [name, owner] of Object.entries(owners)) {
      const scopes = await keyring.scopesOf(owner)
      found.push([name, [...new Set(scopes.map(({ scope }) => scope.retention_class))].sort()])
    }
    return Object.fromEntries(found)
  })
}

/** How many of the payloads in a database open with the keyring of a clinic, and how many do not. */
async function opened(
  records: DispositionClinic,
  clinic: DispositionClinic,
  origin = records.origin,
): Promise<{ readonly open: number; readonly lost: number }> {
  const store = await openStore(placeOf(records.folder))
  try {
    const keys = await store.contentKeys(origin, '', 1_000)
    const wanted = keys.map(({ content_key }) => {
      const parsed = parseContentKey(content_key)
      return 'code' in parsed ? assert.fail('no content key') : parsed.scope_ids
    })
    const known = await withKeyring(clinic, (keyring) => keyring.scopeKeysById([...new Set(wanted.flat())]))
    const open = wanted.filter((ids) => ids.every((id) => known.has(id))).length
    return { open, lost: wanted.length - open }
  } finally {
    await store.close()
  }
}

const BEFORE = {
  'c-1': ['default'],
  'c-2': [],
  'c-3': ['default'],
  ada: ['default', 'financial'],
  ben: ['default'],
  eve: ['default'],
}
const BEHIND = { 'c-1': [], 'c-2': [], 'c-3': ['default'], ada: ['financial'], ben: [], eve: ['default'] }

export function testUnusedKeys(backend: Backend): void {
  const { pristine, copied } = copiedClinics('unused-keys', STORY, backend)

  test('keys under which nothing stands go with what was destroyed, on record, and no older copy of the database opens it', async () => {
    const clinic = await copied()
    assert.deepEqual(await keysOf(clinic), BEFORE)
    const generation = await withKeyring(clinic, (keyring) => keyring.generation())
    await using ledger = await openClinic(clinic)
    assert.equal((await disposeOfAll(ledger, clinic)).state, 'done')
    assert.deepEqual(await keysOf(clinic), BEHIND)
    const told = await all(ledger.search({ action: 'content_erased' }))
    assert.deepEqual(
      told.map(({ details }) => [details?.phase, details?.keys, details?.keyring_generation]),
      [
        ['ending-keys', 3, generation + 1],
        ['ended-keys', 3, generation + 1],
      ],
    )
    // The papers of Eve’s and of the ward in c-3 lie under keys of what stands.
    assert.deepEqual(await opened(pristine(), clinic), { open: 4, lost: 3 })
    assert.equal((await opened(clinic, clinic)).lost, 0)
    const { size } = await ledger.health()
    await ledger.dispositions.finish()
    assert.equal((await ledger.health()).size, size, 'what is over is not done again')
    const again = await ledger.append(LOGIN)
    assert.deepEqual([again.state, again.duplicate], ['duplicate', undefined])
  })

  test('a person who comes back later is the same one, under another key', async () => {
    const clinic = await copied()
    const keyOf = (): Promise<readonly string[]> =>
      withKeyring(clinic, async (keyring) => {
        const owner = (await keyring.tokenOf(BEN)) ?? assert.fail()
        return (await keyring.scopesOf({ owner_kind: 'subject', owner })).map(({ id }) => id)
      })
    const before = await keyOf()
    await using ledger = await openClinic(clinic)
    const [was] = await all(ledger.search({ subject_id: BEN }))
    await disposeOfAll(ledger, clinic)
    const timestamp = was?.timestamp ?? assert.fail()
    await ledger.append(noted('Ben is back.', { subject_ids: [BEN], timestamp }))
    const behind = await keyOf()
    assert.deepEqual([before.length, behind.length], [1, 1])
    assert.notDeepEqual(behind, before)
    const [back] = await all(ledger.search({ subject_id: BEN }))
    assert.deepEqual(back?.subject_ids, was?.subject_ids)
    assert.equal((await opened(clinic, clinic)).lost, 0)
  })

  test('what somebody was recording under a key that goes is sealed anew', async () => {
    const clinic = await copied()
    const [held, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await using other = await openAround(clinic, async (name, write) => {
      if (name === 'commit') {
        held.resolve()
        await gate.promise
      }
      return write()
    })
    await using ledger = await openClinic(clinic)
    const [was] = await all(ledger.search({ conversation_id: 'c-1' }))
    const timestamp = was?.timestamp ?? assert.fail()
    const late = other.append(noted('The ward was full, too.', { conversation_id: 'c-1', timestamp }))
    await held.promise
    await disposeOfAll(ledger, clinic)
    gate.resolve()
    const { seq } = await late
    assert.equal((await ledger.at(seq))?.conversation_id, 'c-1')
    assert.equal((await opened(clinic, clinic)).lost, 0)
    assert.deepEqual((await keysOf(clinic))['c-1'], ['default'])
  })

  test('a process that dies at any write of ledger, keyring or its keys leaves what whoever comes along finishes', async () => {
    const { clock } = pristine()
    const [seen, ends] = [new Set<string>(), new Set<string>()]
    for (let number = 1; ; number += process.env.AFFIDAVIT_SOAK === '1' ? 1 : doesAll(backend) ? 3 : 7) {
      const clinic = await copied()
      const way = whenToFail('before or after', Math.ceil(number / 3))
      const { ledger, dieAt, died } = await openToDie(clinic, way, { clock, timeSource: sameTime(clock) })
      const order = orderOf(clinic, await planOf(ledger.dispositions, clinic))
      dieAt(number)
      const outcome = await ledger.dispositions.carryOut(order).then(
        () => 'done',
        () => 'died',
      )
      await ledger.close().catch(() => undefined)
      if (outcome === 'done') break
      seen.add(died() ?? assert.fail('it failed by itself'))
      {
        await using again = await openClinic(clinic)
        await again.append(noted('The ward is noisy.', { conversation_id: 'c-1' }))
        const [standing] = await again.dispositions.finish()
        ends.add(standing?.state ?? 'not decided')
        assert.equal((await again.dispositions.carryOut(order)).state, 'done')
      }
      assert.deepEqual({ ...(await keysOf(clinic)), 'c-1': [] }, BEHIND)
      assert.deepEqual(await opened(pristine(), clinic), { open: 4, lost: 3 }, `${number} ${died()}`)
      assert.equal((await opened(clinic, clinic)).lost, 0)
      assert.deepEqual(await withKeyring(clinic, async (keyring) => (await keyring.ends()).retired), [])
      await backend.remove(clinic.folder)
    }
    const told =
      process.env.AFFIDAVIT_SOAK === '1' ? ['commit', 'add', 'replaceEntries', 'turnOver', 'destroy'] : ['commit']
    for (const write of told) assert.ok(seen.has(write), `${write} is among ${[...seen].join()}`)
    assert.ok(ends.has('disposed'))
  })

  if (doesAll(backend))
    test('where a restored ledger archives, keys stay: the archive may have what the database lacks', async () => {
      const clinic = await copied()
      await continueAfterRestore(clinic.folder)
      clinic.clock.set(clinic.clock.now() - 6.5 * 365 * DAY)
      {
        await using ledger = await openClinic(clinic)
        for (const draft of STORY) await ledger.append(draft)
      }
      clinic.clock.pass(6.5 * 365 * DAY)
      const archive = memoryObjectStore(new Map(), clinic.clock)
      await using ledger = await openClinic(clinic, { archive })
      await ledger.confirmClock({ actor_id: 'dr.lee', reason: 'years went by' })
      assert.equal((await disposeOfAll(ledger, clinic)).state, 'done')
      assert.deepEqual((await keysOf(clinic)).ben, ['default'])
    })
}

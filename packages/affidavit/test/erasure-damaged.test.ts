// Content of others that an erasure would have to wrap anew and that is damaged: it keeps nobody from being erased, and nobody
// loses it without having been told (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { databaseFile } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { ErasurePlan } from '../src/erasure/plan.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { readDamaged } from '../src/ledger/damaged-content.ts'
import type { ErasureOrder } from '../src/ledger/judge-erasure.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import {
  ADA,
  approve,
  BEN,
  clinicToCopy,
  type ErasureClinic,
  eraseAll,
  makeErasureClinic,
  open,
  planFor,
  QUIET,
  said,
  saidContents,
  tokenOf,
  verified,
} from './erasure-clinic.ts'
import { ADAS, ALL, type Damage, damage, LONGER, linkTo, type Name, opensNow, without } from './linked-clinic.ts'

const { home, copied } = clinicToCopy('erasure-damaged', LONGER)

/** A clinic in which seq 6 was linked to Ada: to erase her, seq 8 and 9 have to be wrapped anew. */
async function linked(): Promise<ErasureClinic> {
  const clinic = await copied()
  await using ledger = await open(clinic)
  await linkTo(ledger, 6)
  return clinic
}

async function planned(clinic: ErasureClinic, subjects: readonly string[] = [ADA]): Promise<ErasurePlan> {
  await using ledger = await open(clinic)
  return await planFor(ledger, clinic, subjects)
}

function orderFor(clinic: ErasureClinic, plan: ErasurePlan): ErasureOrder {
  return { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
}

async function carryOut(clinic: ErasureClinic, plan: ErasurePlan): Promise<string> {
  await using ledger = await open(clinic)
  return (await ledger.erasures.carryOut(orderFor(clinic, plan))).certificate
}

async function blobOf(ledger: Ledger, seq: number, name = 'message'): Promise<string> {
  const reference = (await ledger.at(seq))?.content?.find((one) => one.name === name)
  return reference?.blob_id ?? assert.fail('no content')
}

/** What opens now where these were altered, and the others are gone. */
function altered(names: readonly Name[], ...gone: readonly Name[]): Record<string, string> {
  return { ...without(...gone), ...Object.fromEntries(names.map((name) => [name, 'altered'])) }
}

const ERASED = [...ADAS, '6 message'] as const

test('damaged content that others have is lost where the plan says so, and verification calls it what it is', async () => {
  const clinic = await linked()
  const mends = [await damage(clinic, '8 message', 'altered'), await damage(clinic, '9 one', 'missing')]
  const plan = await planned(clinic)
  {
    await using ledger = await open(clinic)
    const blobs = [await blobOf(ledger, 8), await blobOf(ledger, 9, 'one')]
    assert.deepEqual([plan.damaged, plan.damaged_sample, plan.damaged_payloads], [2, [8, 9], blobs.sort()])
  }
  assert.ok(plan.not_erased.some((sentence) => /^2 payloads under these keys do not stay/.test(sentence)))
  const certificate = await carryOut(clinic, plan)
  assert.match(certificate, /"damaged":2,.*"payloads":4,.*2 payloads under these keys do not stay.*"state":"erased"/)
  assert.deepEqual(await opensNow(clinic), altered(['8 message', '9 one'], ...ERASED))
  const report = await verified(clinic)
  assert.equal(report.status, 'tampered')
  assert.deepEqual(
    report.findings.map(({ code, seq }) => [code, seq]),
    [
      ['content-key-altered', 8],
      ['payload-missing', 9],
      // That an entry names it is still stored.
      ['stray-row', undefined],
    ],
  )
  // Certified again, it says the same, whatever became of them since.
  for (const mend of mends) await mend()
  assert.match(await carryOut(clinic, plan), /"damaged":2,/)
  assert.deepEqual(await opensNow(clinic), without(...ERASED, '8 message', '9 one'))
  const { findings } = await verified(clinic)
  assert.deepEqual(
    findings.map(({ code, seq }) => [code, seq]),
    [
      ['content-unavailable', 8],
      ['content-unavailable', 9],
    ],
  )
})

test('damaged content that was brought back since the plan stays, and the certificate counts the rest', async () => {
  const clinic = await linked()
  const mend = await damage(clinic, '8 message', 'missing')
  const mendOther = await damage(clinic, '9 two', 'altered')
  const plan = await planned(clinic)
  assert.equal(plan.damaged, 2)
  await mend()
  assert.match(await carryOut(clinic, plan), /"damaged":1,.*1 payload under these keys does not stay/)
  await mendOther()
  assert.deepEqual(await opensNow(clinic), without(...ERASED, '9 two'))
})

for (const how of ['altered', 'missing'] as const) {
  test(`what is damaged after the decision is lost, and keeps nobody from finishing: ${how}`, async () => {
    const clinic = await linked()
    const mendListed = await damage(clinic, '9 one', 'altered')
    const plan = await planned(clinic)
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    {
      const dying = {
        ...keyring,
        async turnOverFrom(): Promise<never> {
          throw new LedgerError('key-unavailable', { problem: 'the key service does not answer' })
        },
      }
      await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: dying })
      await assert.rejects(ledger.erasures.carryOut(orderFor(clinic, plan)), { code: 'key-unavailable' })
      assert.equal((await ledger.erasures.standing())[0]?.state, 'decided')
    }
    const mend = await damage(clinic, '8 message', how)
    // Where somebody turns the keyring over first, it is decided anew.
    if (how === 'altered') await turnedOver(clinic)
    const certificate = await carryOut(clinic, plan)
    assert.match(certificate, /"damaged":1,.*"state":"erased"/)
    assert.deepEqual(await opensNow(clinic), altered(['8 message', '9 one'], ...ERASED))
    const { status, findings } = await verified(clinic)
    const places = findings.flatMap(({ seq }) => seq ?? [])
    assert.deepEqual([status, places], ['tampered', [8, 9]])
    await mend()
    await mendListed()
    assert.deepEqual(await opensNow(clinic), without(...ERASED, '8 message', '9 one'))
  })
}

async function turnedOver({ folder, origin }: ErasureClinic): Promise<void> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  await keyring.turnOver()
  await keyring.close()
}

describe('not carried out: where something is damaged that nobody signed away:', () => {
  interface Since {
    /** Damaged when the plan is made. */
    readonly planned: Readonly<Record<string, Damage>>
    /** Damaged when it is carried out. */
    readonly now: Readonly<Record<string, Damage>>
  }
  const LIES: Readonly<Record<string, Since>> = {
    'a content key that is another one since the plan': { planned: {}, now: { '8 message': 'altered' } },
    'a payload that is missing since the plan': { planned: {}, now: { '8 message': 'missing' } },
    'as many as the plan says, and another one': { planned: { '8 message': 'altered' }, now: { '9 one': 'altered' } },
    'fewer than the plan says, and another one': {
      planned: { '8 message': 'altered', '9 one': 'missing' },
      now: { '9 two': 'altered' },
    },
    'another payload of the same record': { planned: { '9 one': 'missing' }, now: { '9 two': 'missing' } },
    'one more than the plan says': {
      planned: { '8 message': 'altered' },
      now: { '8 message': 'altered', '9 two': 'altered' },
    },
  }
  for (const [name, since] of Object.entries(LIES)) {
    test(name, async () => {
      const clinic = await linked()
      const mends = await damageAll(clinic, since.planned)
      const plan = await planned(clinic)
      for (const mend of mends) await mend()
      const mendNow = await damageAll(clinic, since.now)
      {
        await using ledger = await open(clinic)
        const { size } = await ledger.health()
        await assert.rejects(ledger.erasures.carryOut(orderFor(clinic, plan)), { path: 'content-altered' })
        assert.deepEqual([await ledger.erasures.standing(), (await ledger.health()).size], [[], size])
      }
      for (const mend of mendNow) mend()
      assert.deepEqual(await opensNow(clinic), ALL)
    })
  }

  test('in a record of before a restore', async () => {
    const clinic = await restored()
    const plan = await planned(clinic.now)
    const mend = await damage(clinic.before, '8 message', 'altered')
    await assert.rejects(carryOut(clinic.now, plan), { path: 'content-altered' })
    await mend()
    assert.deepEqual(await opensNow(clinic.before), ALL)
  })

  test('a plan that was approved when it said less', async () => {
    const clinic = await linked()
    const approved = await planned(clinic)
    await damage(clinic, '8 message', 'altered')
    const plan = await planned(clinic)
    const { damaged, damaged_sample, damaged_payloads, damaged_list_sha256 } = plan
    const edited = { ...approved, damaged, damaged_sample, damaged_payloads, damaged_list_sha256 }
    await using ledger = await open(clinic)
    const order = { ...orderFor(clinic, approved), plan: edited }
    await assert.rejects(ledger.erasures.carryOut(order), { path: 'approval-of-another-text' })
  })
})

async function damageAll(
  clinic: ErasureClinic,
  names: Readonly<Record<string, Damage>>,
): Promise<readonly (() => void)[]> {
  const mends: (() => void)[] = []
  for (const [name, how] of Object.entries(names)) mends.push(await damage(clinic, name, how))
  return mends
}

/** A ledger that goes on after a restore, in whose conversation c-2 something was linked to Ada. */
async function restored(): Promise<{ readonly before: ErasureClinic; readonly now: ErasureClinic }> {
  const before = await copied()
  const { origin, verifierKey } = await continueAfterRestore(before.folder)
  const now = { ...before, origin, verifierKey }
  await using ledger = await open(now)
  const { seq } = await ledger.append(said('The lift again.', { conversation_id: 'c-2' }))
  await ledger.append(said('Ada is here.', { subject_ids: [ADA] }))
  await linkTo(ledger, seq)
  return { before, now }
}

test('damaged content of before a restore, under the same keys, is counted, and no seq of it is told', async () => {
  const clinic = await restored()
  const mend = await damage(clinic.before, '8 message', 'altered')
  const plan = await planned(clinic.now)
  assert.deepEqual([plan.damaged, plan.damaged_sample], [1, []])
  assert.match(await carryOut(clinic.now, plan), /"damaged":1,/)
  await mend()
  assert.deepEqual(await opensNow(clinic.before), without(...ADAS, '8 message'))
})

test('a damaged payload that several records name is counted once, at the first of them', async () => {
  const [again, body] = [LONGER[7] ?? assert.fail(), 'The lift hums.']
  // More than are looked at together come before the last of them.
  const content = Array.from({ length: 64 }, (_, i) => ({
    name: `n${i}`,
    media_type: 'text/plain',
    body: `${body} ${i}`,
  }))
  const between = { ...said(''), content, conversation_id: 'c-2' }
  const clinic = await makeErasureClinic(join(home, 'equal'), [...LONGER, again, between, again])
  {
    await using ledger = await open(clinic)
    const blobs = await Promise.all([8, 12, 14].map((seq) => blobOf(ledger, seq)))
    assert.equal(new Set(blobs).size, 1)
    await linkTo(ledger, 6)
  }
  await damage(clinic, '12 message', 'altered')
  const { damaged, damaged_sample } = await planned(clinic)
  assert.deepEqual([damaged, damaged_sample], [1, [8]])
})

test('damaged content that was recorded behind what is looked at is none of the plan', async () => {
  const clinic = await linked()
  {
    await using ledger = await open(clinic)
    assert.equal((await ledger.append(said('The lift works.', { conversation_id: 'c-2' }))).seq, 13)
  }
  await damage(clinic, '13 message', 'altered')
  const subjects = [await tokenOf(clinic, ADA)]
  const store = sqliteStore(databaseFile(clinic.folder), 'open')
  const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
  const parts = { store, ledger: clinic.origin, keyring }
  const seqs = async (until: number): Promise<readonly number[]> =>
    (await readDamaged(parts, { subjects, conversations: [] }, until)).map(({ seq }) => seq)
  assert.deepEqual([await seqs(13), await seqs(14)], [[], [13]])
  await Promise.all([store.close(), keyring.close()])
})

test('what was wrapped anew before keeps its row, whatever lies beside the payload', async () => {
  const clinic = await linked()
  {
    await using ledger = await open(clinic)
    await eraseAll(ledger, clinic)
    await ledger.append(said('The lift works.', { conversation_id: 'c-2' }))
    await linkTo(ledger, 15, [BEN])
  }
  const mend = await damage(clinic, '8 message', 'altered')
  const plan = await planned(clinic, [BEN])
  assert.deepEqual([plan.damaged, plan.damaged_payloads], [0, []])
  assert.match(await carryOut(clinic, plan), /"damaged":0,/)
  await mend()
  const contents = await saidContents(clinic)
  assert.deepEqual([contents['8 message'], contents['15 message']], ['The lift moves.', 'gone'])
})

test('what was erased with another of its owners before is not lost again', async () => {
  const clinic = await copied()
  {
    await using ledger = await open(clinic)
    await eraseAll(ledger, clinic)
    await linkTo(ledger, 2, ['Zoe'])
  }
  await damage(clinic, '4 message', 'altered')
  assert.equal((await planned(clinic, ['Zoe'])).damaged, 0)
})

test('damaged content that nothing is wrapped anew with, or that would be lost anyway, is none of the plan', async () => {
  const clinic = await linked()
  await damage(clinic, '8 message', 'altered')
  await damage(clinic, '4 message', 'missing')
  const [adas, bens] = [await planned(clinic), await planned(clinic, [BEN])]
  assert.deepEqual([adas.damaged_sample, bens.damaged_sample], [[8], []])
  assert.match(await carryOut(clinic, bens), /"damaged":0,.*"state":"erased"/)
})

// An erasure that is interrupted at any write, raced, or overtaken: finished by whoever comes next (spec/erasure.md §4, §6).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import { type Backend, doesAll } from './backend.ts'
import { openToDie, waysToFail, whenToFail } from './dying-ledger.ts'
import {
  ADA,
  approve,
  BEN,
  bringBackKeyring,
  clinicToCopy,
  copyOf,
  type ErasureClinic,
  eraseAll,
  open,
  planFor,
  QUIET,
  SAID,
  STORY,
  said,
  saidContents,
  tokenOf,
} from './erasure-clinic.ts'
import { linkTo } from './linked-clinic.ts'

export function testErasureCrash(backend: Backend): void {
  const { home, copied } = clinicToCopy('erasure-crash', STORY, backend)

  /** A clinic in which somebody was linked to content, and a copy of that moment. */
  async function withOldCopy(): Promise<{ clinic: ErasureClinic; old: ErasureClinic }> {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await ledger.append(said('The lift moves.', { conversation_id: 'c-2' }))
      await linkTo(ledger, 6)
    }
    return { clinic, old: await copyOf(clinic, home) }
  }

  /** Fails at the first write of an erasure, at the second, and so on; what failed is opened again each time. */
  async function failAtEach(way: ReturnType<typeof waysToFail>[number], dangerous: Dangerous): Promise<void> {
    const seen: string[] = []
    const states: string[] = []
    for (let number = 1; ; number++) {
      const clinic = await copyOf(dangerous.clinic, home)
      const { ledger, dieAt, died } = await openToDie(clinic, whenToFail(way, number))
      const plan = await planFor(ledger, clinic, ...dangerous.erase)
      dieAt(number)
      const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
      const outcome = await ledger.erasures.carryOut(order).then(
        () => 'done',
        () => 'died',
      )
      await ledger.close().catch(() => undefined)
      if (outcome === 'done') break
      seen.push(died() ?? assert.fail('it failed by itself'))
      {
        await using again = await open(clinic)
        const [standing] = await again.erasures.standing()
        states.push(standing?.state ?? 'not decided')
        const expected = standing === undefined ? dangerous.before : dangerous.erased
        assert.deepEqual(await saidContents(clinic), expected, `${number} ${seen.at(-1)}`)
        const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
        assert.deepEqual((await keyring.ends()).retired, [])
        await keyring.close()
        // It is written to as before.
        await again.append(said('Ada is back.', { subject_ids: [ADA] }))
      }
      await backend.remove(clinic.folder)
    }
    for (const write of ['commit', 'create', 'wrap', 'stage', 'turnOver', 'settle', 'destroy', 'forget'])
      assert.ok(seen.includes(write), write)
    assert.match(states.join(), /^(not decided,)+erased(,erased)+$/)
  }

  for (const way of waysToFail(backend)) {
    // Wrapping anew makes all of its writes too.
    if (doesAll(backend))
      test(`a failure at any moment of an erasure leaves it not decided, or finished by the next opening: ${way} the write`, async () =>
        failAtEach(way, { clinic: await copied(), erase: [[ADA], ['c-1']], before: SAID, erased: ERASED }))

    test(`a failure at any moment of wrapping content anew leaves it as it was, or as it is to be: ${way} the write`, async () => {
      const clinic = await copied()
      {
        await using ledger = await open(clinic)
        for (const text of ['The lift moves.', 'The lift is slow.'])
          await ledger.append(said(text, { conversation_id: 'c-2' }))
        // One under the keys of a conversation, and one under those of somebody else.
        await linkTo(ledger, 6)
        await linkTo(ledger, 2)
      }
      const more = { '8 message': 'The lift moves.', '9 message': 'The lift is slow.' }
      const lost = {
        '1 message': 'gone',
        '2 message': 'gone',
        '3 ada': 'gone',
        '4 message': 'gone',
        '6 message': 'gone',
      }
      const [before, erased] = [
        { ...SAID, ...more },
        { ...SAID, ...more, ...lost },
      ]
      await failAtEach(way, { clinic, erase: [[ADA], []], before, erased })
    })
  }

  test('whoever records about a person while they are erased loses nothing, and nothing is under keys that are gone', async () => {
    const clinic = await copied()
    const written = new Map<number, string>()
    let decided = 0
    {
      await using eraser = await open(clinic)
      await using other = await open(clinic)
      let over = false
      const write = async (ledger: Ledger, name: string): Promise<void> => {
        for (let i = 0; !over || i < 40; i++) {
          const [about, text] = [i % 3, `${name} ${i}`]
          const more =
            about === 0 ? { subject_ids: [ADA] } : about === 1 ? { conversation_id: 'c-1' } : { subject_ids: [BEN] }
          const { seq } = await ledger.append(said(text, more))
          written.set(seq, text)
        }
      }
      const writers = [write(eraser, 'a'), write(eraser, 'b'), write(other, 'c'), write(other, 'd')]
      const { standing } = await eraseAll(eraser, clinic, [ADA], ['c-1']).finally(() => {
        over = true
      })
      await Promise.all(writers)
      assert.equal(standing.state, 'erased')
      decided = standing.decision_seq
    }
    const contents = await saidContents(clinic)
    let [before, behind] = [0, 0]
    for (const [seq, text] of written) {
      const isBens = Number(text.split(' ')[1]) % 3 === 2
      if (seq < decided) before++
      else behind++
      assert.equal(
        contents[`${seq} message`],
        seq < decided && !isBens ? 'gone' : text,
        `seq ${seq}, decided at ${decided}`,
      )
    }
    assert.ok(before > 0 && behind > 0, `${before} before, ${behind} behind`)
  })

  test('two that erase at once both do, and each is recorded', async () => {
    const clinic = await copied()
    {
      await using one = await open(clinic)
      await using other = await open(clinic)
      await Promise.all([
        eraseAll(one, clinic, [ADA]),
        eraseAll(other, clinic, [], ['c-1']),
        eraseAll(other, clinic, [], ['c-2']),
      ])
      const standings = await one.erasures.standing()
      assert.deepEqual(
        standings.map(({ state }) => state),
        ['erased', 'erased', 'erased'],
      )
    }
    assert.deepEqual(await saidContents(clinic), { ...ERASED, '6 message': 'gone' })
  })

  test('a keyring that somebody else turned over first: it is decided anew, and the rows go', async () => {
    const clinic = await copied()
    {
      await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: await overtaken(clinic) })
      const { standing } = await eraseAll(ledger, clinic, [ADA], ['c-1'])
      assert.equal(standing.state, 'erased')
      const fences: unknown[] = []
      for await (const { details } of ledger.search({ action: 'content_erased' }))
        fences.push(details?.keyring_generation)
      assert.deepEqual(fences, [2, 3, 4, 4])
    }
    assert.deepEqual(await saidContents(clinic), ERASED)
  })

  test('an old copy of the keyring that still opens is turned over before it is used', async () => {
    const { clinic, old } = await withOldCopy()
    {
      await using ledger = await open(clinic)
      const token = await tokenOf(clinic, ADA)
      await eraseAll(ledger, clinic, [ADA], ['c-1'])
      // It came after the decision: that one does not reach it, whenever it is carried out.
      await linkTo(ledger, 8, [token])
    }
    // Keyring and key come back together, as from a backup that nobody listed.
    await bringBackKeyring(clinic, old)
    const all = { ...SAID, '8 message': 'The lift moves.' }
    assert.deepEqual(await saidContents(clinic), all)
    await (await open(clinic)).close()
    assert.deepEqual(await saidContents(clinic), { ...all, ...ERASED, '6 message': 'gone' })
  })

  test('an old copy of the keyring in a ledger that goes on after a restore: what earlier incarnations erased stays erased', async () => {
    const { clinic, old } = await withOldCopy()
    {
      await using ledger = await open(clinic)
      await eraseAll(ledger, clinic, [ADA], ['c-1'])
    }
    const left = { ...SAID, ...ERASED, '6 message': 'gone', '8 message': 'The lift moves.' }
    await bringBackKeyring(clinic, old)
    await continueAfterRestore(clinic.folder)
    assert.deepEqual(await saidContents(clinic), left)
    // Once more, long after: nobody has to remember it in the new incarnation.
    await bringBackKeyring(clinic, old)
    await (await open(clinic)).close()
    assert.deepEqual(await saidContents(clinic), left)
  })

  test('a process that dies once keys were replaced, and one that finishes without knowing it, say the same', async () => {
    const clinic = await copied()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    const dying: Keyring = {
      ...keyring,
      async turnOverFrom(generation, leaving) {
        await keyring.turnOverFrom(generation, leaving)
        throw new Error('the power is gone')
      },
    }
    const ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: dying })
    await linkTo(ledger, 6)
    await assert.rejects(eraseAll(ledger, clinic), /the power is gone/)
    await ledger.close().catch(() => undefined)
    await using again = await open(clinic)
    const [standing] = await again.erasures.standing()
    assert.equal(standing?.state, 'erased')
    // It was not decided anew: nothing was left to be done.
    assert.equal(standing?.outcome_seq, (standing?.decision_seq ?? 0) + 1)
    const own = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    assert.equal(await own.generation(), 2)
    await own.close()
  })
}

const ERASED = { ...SAID, '1 message': 'gone', '3 ada': 'gone', '4 message': 'gone', '5 message': 'gone' }

interface Dangerous {
  readonly clinic: ErasureClinic
  readonly erase: readonly [subjects: readonly string[], conversations: readonly string[]]
  readonly before: Record<string, string>
  readonly erased: Record<string, string>
}

/** A keyring that somebody else turns over, for no reason of ours, right before we do. */
async function overtaken(clinic: ErasureClinic): Promise<Keyring> {
  const [ours, theirs] = [
    await openFolderKeyring(clinic.folder, clinic.origin, 'open'),
    await openFolderKeyring(clinic.folder, clinic.origin, 'open'),
  ]
  let left = 2
  return {
    ...ours,
    async turnOverFrom(generation, leaving) {
      if (left > 0) {
        await theirs.turnOver()
        left--
      }
      return ours.turnOverFrom(generation, leaving)
    },
    async close() {
      await Promise.all([ours.close(), theirs.close()])
    },
  }
}

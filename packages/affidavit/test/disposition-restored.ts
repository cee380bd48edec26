// A database that comes back from a backup with what was destroyed since (spec/disposition.md §9): it is destroyed again before anything is
// read or written, or the ledger is not opened.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { defaultAnchor } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import type { Report } from '../src/verify/report.ts'
import { type Backend, doesAll } from './backend.ts'
import {
  type DispositionClinic,
  disposeOfAll,
  makeDispositionClinic,
  noted,
  openClinic,
  STORY,
} from './disposition-clinic.ts'
import { waysToFail, whenToFail } from './dying-ledger.ts'
import {
  bringBackLog,
  findTold,
  LEFT,
  notesOf,
  openAround,
  type Restored,
  refusedAs,
  release,
  rowsOf,
  toldIn,
  WHOLE,
  WRITES,
} from './restored-clinic.ts'
import { verifyUnderItsKey } from './verify-home.ts'

export function testDispositionRestored(backend: Backend): void {
  const home = mkdtempSync(join(tmpdir(), 'affidavit-disposition-restored-'))
  after(() => rmSync(home, { recursive: true, force: true }))
  const testWhereAll = doesAll(backend) ? test : () => undefined
  let copies = 0
  const newFolder = (): string => join(home, String(copies++))

  async function copyOf(clinic: DispositionClinic): Promise<DispositionClinic> {
    const folder = newFolder()
    await backend.copy(clinic.folder, folder)
    return { ...clinic, folder }
  }

  /** One in which everything that is due was destroyed, and a backup of before. */
  let disposed: DispositionClinic
  let backup: DispositionClinic
  before(async () => {
    backup = await makeDispositionClinic(newFolder(), STORY, backend)
    disposed = await copyOf(backup)
    await using ledger = await openClinic(disposed)
    assert.equal((await disposeOfAll(ledger, disposed)).state, 'done')
  })

  /** The records of `from` are back, and nothing else is. */
  async function broughtBack(
    clinic: DispositionClinic = disposed,
    from: DispositionClinic = backup,
  ): Promise<DispositionClinic> {
    const copy = await copyOf(clinic)
    await backend.bringBackRecords(copy.folder, from.folder)
    return copy
  }

  async function goingOn(clinic: DispositionClinic): Promise<Restored> {
    await refusedAs(openClinic(clinic), 'rolled-back')
    const { verifierKey } = await continueAfterRestore(clinic.folder)
    return { ...clinic, continued: verifierKey }
  }

  /** Without its papers. */
  async function bereft(): Promise<{ readonly clinic: DispositionClinic; readonly papers: Uint8Array }> {
    const clinic = await broughtBack()
    const folder = join(defaultAnchor(clinic.folder), 'dispositions')
    const [name = assert.fail(), ...more] = readdirSync(folder)
    assert.deepEqual(more, [])
    const papers = readFileSync(join(folder, name))
    rmSync(folder, { recursive: true })
    await refusedAs(openClinic(clinic), 'rolled-back')
    await refusedAs(continueAfterRestore(clinic.folder), 'disposed-is-back')
    return { clinic, papers }
  }

  function verified({ folder, continued, approver }: Restored, pinned = [approver.verifierKey]): Promise<Report> {
    return verifyUnderItsKey(folder, continued, { approvers: pinned })
  }

  test('what was destroyed since a backup is destroyed again before a restored ledger opens, on record, and verifies', async () => {
    const clinic = await goingOn(await broughtBack())
    assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
    {
      await using ledger = await openClinic(clinic)
      const because = 'replayed after a restore'
      assert.deepEqual(await toldIn(ledger), [
        ['replaying', because],
        ['replayed', because],
      ])
      const [standing, ...more] = await ledger.dispositions.standing()
      assert.deepEqual([standing?.state, standing?.ledger, more.length], ['replayed', clinic.origin, 0])
      await ledger.append(noted('Life goes on.'))
    }
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    const unpinned = await verified(clinic, [])
    assert.deepEqual([...new Set(unpinned.findings.map(({ code }) => code))], ['disposal-not-checked'])
    // Another restore, of the same backup: once more, in another incarnation.
    const again = await broughtBack(clinic)
    await continueAfterRestore(again.folder)
    assert.deepEqual(await rowsOf(again, again.origin), LEFT)
  })

  test('a ledger is not opened without the papers of what came back, which are asked for by their digest and can be handed in', async () => {
    const { clinic, papers } = await bereft()
    const { plan_sha256 } = (await notesOf(clinic))[0] ?? assert.fail()
    await refusedAs(openClinic(clinic), 'disposed-is-back', new RegExp(plan_sha256), /dispose replay --papers FILE/)
    const others = Buffer.from(Buffer.from(papers).toString().replaceAll('hipaa', 'hipab'))
    await refusedAs(openClinic(clinic, { replay: { papers: others } }), 'disposed-is-back', /its papers are neither/)
    assert.deepEqual(await rowsOf(clinic, clinic.origin), WHOLE)
    await (await openClinic(clinic, { replay: { papers } })).close()
    assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
    await (await openClinic(clinic)).close()
  })

  testWhereAll(
    'whoever takes it upon themselves that what came back stays has it on record, and is not asked again',
    async () => {
      const { clinic } = await bereft()
      const { plan_sha256 } = (await notesOf(clinic))[0] ?? assert.fail()
      const word = { keep: plan_sha256, person: 'dr.lee', reason: 'the papers burned' }
      {
        await using ledger = await openClinic(clinic, { replay: word })
        assert.deepEqual(await toldIn(ledger), [['not-replayed', 'the papers burned']])
        const [standing] = await ledger.dispositions.standing()
        assert.deepEqual([standing?.state, standing?.plan_sha256], ['not-replayed', plan_sha256])
      }
      await (await openClinic(clinic)).close()
      assert.deepEqual(await rowsOf(clinic, clinic.origin), WHOLE)
    },
  )

  testWhereAll(
    'an older database with its own checkpoint log is refused, for the keyring knows of a decision that it lacks',
    async () => {
      const clinic = await broughtBack()
      bringBackLog(clinic, backup)
      await refusedAs(
        openClinic(clinic),
        'rolled-back',
        /the keyring knows that .* decided the disposition/,
        /--after-restore/,
      )
      assert.deepEqual(await rowsOf(clinic, clinic.origin), WHOLE)
      await continueAfterRestore(clinic.folder)
      assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
    },
  )

  /** What a disposition was when it died at that write, and a copy of it before the rows went. */
  async function diedAt(doomed: string, when: 'before' | 'after'): Promise<DispositionClinic> {
    const clinic = await copyOf(backup)
    let isDead = false
    const ledger = await openAround(clinic, async (name, write) => {
      if (isDead) throw new Error('the power is gone')
      isDead = name === doomed
      if (!isDead) return write()
      if (when === 'after') await write()
      throw new Error('the power is gone')
    })
    await assert.rejects(disposeOfAll(ledger, clinic))
    await ledger.close().catch(() => undefined)
    return clinic
  }

  testWhereAll('where nobody lived to tell whether the rows went, somebody has to say so', async () => {
    const clinic = await broughtBack(await diedAt('replaceEntries', 'before'))
    await refusedAs(openClinic(clinic), 'rolled-back')
    await refusedAs(continueAfterRestore(clinic.folder), 'disposed-is-back', /nobody lived to tell/)
    assert.deepEqual(await rowsOf(clinic, clinic.origin), WHOLE)
    const [name = assert.fail()] = readdirSync(join(defaultAnchor(clinic.folder), 'dispositions'))
    const papers = readFileSync(join(defaultAnchor(clinic.folder), 'dispositions', name))
    await (await openClinic(clinic, { replay: { papers } })).close()
    assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
  })

  test('a backup of between decision and end of the rows is destroyed again in the incarnation that goes on, and verifies', async () => {
    const between = await diedAt('replaceEntries', 'before')
    const clinic = await copyOf(between)
    {
      await using ledger = await openClinic(clinic)
      await ledger.dispositions.finish()
    }
    const restored = await goingOn(await broughtBack(clinic, between))
    assert.deepEqual(await rowsOf(restored, restored.origin), LEFT)
    const report = await verified(restored)
    assert.deepEqual([report.status, report.findings], ['valid', []])
  })

  testWhereAll(
    'a copy of between decision and end of the rows is destroyed again by that decision, whatever was held since',
    async () => {
      const between = await diedAt('replaceEntries', 'before')
      const clinic = await copyOf(between)
      {
        await using ledger = await openClinic(clinic)
        await ledger.dispositions.finish()
      }
      await backend.bringBackRecords(clinic.folder, between.folder)
      bringBackLog(clinic, between)
      await using ledger = await openClinic(clinic)
      assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
      const [standing] = await ledger.dispositions.finish()
      assert.equal(standing?.state, 'disposed')
    },
  )

  for (const way of waysToFail(backend)) {
    test(`a replay that dies ${way} any write is finished by the next opening, and never in part`, async () => {
      const ready = await broughtBack()
      // It began, and destroyed nothing yet: its first opening dies at its first record.
      await refusedAs(openClinic(ready), 'rolled-back')
      const seen: string[] = []
      const clinics: DispositionClinic[] = []
      const papers = join(defaultAnchor(ready.folder), 'dispositions')
      cpSync(papers, `${papers}.aside`, { recursive: true })
      rmSync(papers, { recursive: true })
      await refusedAs(continueAfterRestore(ready.folder), 'disposed-is-back')
      cpSync(`${papers}.aside`, papers, { recursive: true })
      for (let number = 1; ; number += doesAll(backend) ? 1 : 4) {
        const clinic = await copyOf(ready)
        clinics.push(clinic)
        let count = 0
        const outcome = await openAround(clinic, async (name, write) => {
          if (++count < number) return write()
          if (count === number) {
            seen.push(name)
            if (whenToFail(way, number) === 'after') await write()
          }
          throw new Error('the power is gone')
        }).then(
          async (ledger) => {
            const isDead = count >= number
            await ledger.close().catch(() => undefined)
            return isDead ? 'died' : 'opened'
          },
          () => 'died',
        )
        const rows = await rowsOf(clinic, clinic.origin)
        assert.deepEqual(rows, rows.length === WHOLE.length ? WHOLE : LEFT, 'all of it, or nothing')
        await using again = await openClinic(clinic)
        assert.deepEqual(await rowsOf(clinic, clinic.origin), LEFT)
        assert.deepEqual(
          (await toldIn(again)).map(([phase]) => phase),
          ['replaying', 'replayed'],
        )
        if (outcome === 'opened') break
      }
      if (doesAll(backend))
        for (const write of WRITES) assert.ok(seen.includes(write), `${write} is among ${seen.join()}`)
    })
  }

  testWhereAll('two that open a restored ledger at once destroy it once', async () => {
    const clinic = await broughtBack()
    const { verifierKey: continued } = await continueAfterRestore(clinic.folder)
    const again = await copyOf(clinic)
    const opened = await Promise.all([openClinic(again), openClinic(again)])
    assert.deepEqual(
      (await toldIn(opened[0])).map(([phase]) => phase),
      ['replaying', 'replayed'],
    )
    for (const ledger of opened) await ledger.close()
    assert.equal((await verified({ ...again, continued })).status, 'valid')
  })

  testWhereAll(
    'a backup that ends among what was destroyed gives back no more than its newest entry, whose content stays lost',
    async () => {
      const short = await makeDispositionClinic(newFolder(), STORY.slice(0, 2), backend)
      const clinic = await copyOf(short)
      {
        await using ledger = await openClinic(clinic)
        clinic.clock.set(clinic.clock.now())
        await ledger.append(noted('The printer is out of paper.'))
        await disposeOfAll(ledger, clinic)
      }
      const restored = await goingOn(await broughtBack(clinic, short))
      // Its newest entry proves where the log ended.
      assert.deepEqual(await rowsOf(restored, restored.origin), [0, 2])
      await using ledger = await openClinic(restored)
      const replaying = await findTold(ledger, 'replaying')
      assert.deepEqual([replaying?.records, replaying?.stays], [1, 1])
    },
  )

  testWhereAll('what was withdrawn was not destroyed, and stays', async () => {
    const clinic = await copyOf(backup)
    {
      await using other = await openClinic(clinic, { access: clinic.policy })
      let overtaken = 0
      await using ledger = await openAround(clinic, async (name, write) => {
        if (name === 'replaceEntries' && overtaken++ === 0)
          await other.holding({ actor_id: 'dr.lee' }).place({ ...MATTER, conversation_id: 'c-1' })
        return write()
      })
      await assert.rejects(disposeOfAll(ledger, clinic), /withdrawn/)
    }
    assert.deepEqual(
      (await notesOf(clinic)).map(({ fate }) => fate),
      ['withdrawn'],
    )
    const restored = await goingOn(await broughtBack(clinic))
    assert.deepEqual(await rowsOf(restored, restored.origin), WHOLE)
  })

  const MATTER = { matter: 'Okafor v. Clinic', reason: 'counsel asked', custodian: 'dr.lee' }

  testWhereAll(
    'a hold that stood at the backup and was released since keeps nothing from being destroyed again',
    async () => {
      const held = await copyOf(backup)
      const hold = await (async () => {
        await using ledger = await openClinic(held, { access: held.policy })
        return await ledger.holding({ actor_id: 'dr.lee' }).place({ ...MATTER, conversation_id: 'c-1' })
      })()
      const clinic = await copyOf(held)
      await release(clinic, hold.hold_id)
      {
        await using ledger = await openClinic(clinic)
        await disposeOfAll(ledger, clinic)
      }
      const restored = await goingOn(await broughtBack(clinic, held))
      assert.deepEqual(await rowsOf(restored, restored.origin), LEFT)
    },
  )

  testWhereAll(
    'what came back under an older keyring, and was held here before the newer one came, is not destroyed',
    async () => {
      // No key ends with what is due: what stays in the conversation lies under the same one. So the older keyring opens.
      const [due = assert.fail()] = STORY
      const story = [due, noted('The ward is full.', { conversation_id: 'c-1' }), noted('It rains.')]
      const older = await makeDispositionClinic(newFolder(), story, backend)
      const newer = await copyOf(older)
      {
        await using ledger = await openClinic(newer)
        await disposeOfAll(ledger, newer)
      }
      const clinic = await broughtBack(newer, older)
      await backend.bringBackKeyring(clinic.folder, older.folder)
      await refusedAs(openClinic(clinic), 'rolled-back')
      // That keyring knows of nothing.
      await continueAfterRestore(clinic.folder)
      assert.deepEqual(await rowsOf(clinic, clinic.origin), [0, 1, 2, 3])
      {
        await using ledger = await openClinic(clinic, { access: clinic.policy })
        await ledger.append(noted('Ada is back.', { conversation_id: 'c-1' }))
        await ledger.holding({ actor_id: 'dr.lee' }).place({ ...MATTER, conversation_id: 'c-1' })
      }
      await backend.bringBackKeyring(clinic.folder, newer.folder)
      await refusedAs(openClinic(clinic), 'disposed-is-back', /a legal hold was placed in this incarnation/)
      assert.deepEqual(await rowsOf(clinic, clinic.origin), [0, 1, 2, 3])
    },
  )
}

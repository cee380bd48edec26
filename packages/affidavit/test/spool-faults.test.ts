// Every write of a spool, broken in every way, and the power cut at every instant; then opened by the normal path and held
// against what was acknowledged.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { DISK, type SpoolFiles } from '../src/capture/spool/files.ts'
import { openRefused } from '../src/capture/spool/refused.ts'
import { openSpool } from '../src/capture/spool.ts'
import { type WriteFault, writeFaults } from '../src/testing/write-faults.ts'
import { faultySpoolFiles } from './faulty-spool-files.ts'
import { type Kept, watchedFiles } from './power-cut.ts'
import { filesIn, spoolDraft } from './spool-place.ts'
import { type MemoryLedger, memoryLedger, runSpoolScenario, scenarioLedger, type Told } from './spool-scenario.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-spool-faults-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folders = 0
const freshFolder = (): string => join(root, String(folders++))

interface Run {
  readonly folder: string
  readonly ledger: MemoryLedger
  readonly told: Told[]
}

async function run(files: SpoolFiles): Promise<Run> {
  const ran: Run = { folder: freshFolder(), ledger: scenarioLedger(), told: [] }
  await runSpoolScenario(ran.folder, ran.ledger, files, (one) => ran.told.push(one))
  return ran
}

/** Opens what is there, forwards it, and finds everything that was acknowledged, once and in order. */
async function judge({ folder, ledger, told }: Run): Promise<void> {
  const acknowledged = told.flatMap((one) => (one.kind === 'acknowledged' ? [one.draft] : []))
  {
    await using spool = await openSpool({ folder, ledger })
    const { unreadable } = await spool.forward()
    assert.deepEqual(unreadable, [])
  }
  const refused = filesIn(folder).map((file) => openRefused(readFileSync(join(folder, file)), ledger.spooling))
  if (acknowledged.includes(1)) assert.equal(refused.length, 1)
  for (const waited of refused) assert.equal(waited?.draft.id, spoolDraft(1).id, 'what was refused is kept')
  const recorded = [...ledger.recorded.keys()].filter((id) => id !== spoolDraft(1).id)
  const numbers = recorded.map((id) => Number(id.slice(-12)))
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
    'in order',
  )
  for (const draft of acknowledged) assert.ok(draft === 1 || numbers.includes(draft), `${draft} is recorded`)
}

const whole = writeFaults(new Map())
const unbroken = await run(faultySpoolFiles(whole))

test('the scenario goes through every write, and is told of no failure', async () => {
  assert.deepEqual([...new Set(whole.seen)].sort(), ['create', 'remove', 'rename', 'sync', 'sync folder', 'write'])
  assert.deepEqual(
    unbroken.told,
    [0, 1, 2, 3, 4, 5, 6, 7].map((draft) => ({ kind: 'acknowledged', draft })),
  )
  await judge(unbroken)
})

describe('every write, broken in every way: nothing that was acknowledged is lost', () => {
  const faults = ['not-persisted', 'half-persisted', 'persisted-but-reported-failed'] as const
  for (const [at, write] of whole.seen.entries()) {
    for (const fault of write === 'write' ? faults : [faults[0], faults[2]]) {
      test(`write ${at}, ${write}: ${fault}`, async () => {
        const ran = await run(faultySpoolFiles(writeFaults(new Map([[at, fault]]))))
        const codes = new Set(ran.told.flatMap((one) => (one.kind === 'failed' ? [one.code] : [])))
        // A mark that cannot be written keeps nothing from being durable; all else is told.
        assert.deepEqual([...codes], isMark(at) ? [] : ['spool-unavailable'])
        await judge(ran)
      })
    }
  }

  for (const [at, write] of whole.seen.entries()) {
    if (write !== 'write' && write !== 'sync') continue
    test(`write ${at}, ${write}, and then the cutting off of what was written: what was refused may be there, and nothing is lost`, async () => {
      const plan = new Map<number, WriteFault>([
        [at, 'persisted-but-reported-failed'],
        [at + 1, 'not-persisted'],
      ])
      await judge(await run(faultySpoolFiles(writeFaults(plan))))
    })
  }

  // Behind a sync, and behind the first sync of a folder, the next write is the mark.
  function isMark(at: number): boolean {
    const before = whole.seen[at - 1]
    return (
      whole.seen[at] === 'write' && (before === 'sync' || (before === 'sync folder' && whole.seen[at - 2] === 'sync'))
    )
  }
})

test('a disk that takes a part, and says so in no other way, has taken nothing', async () => {
  let full = true
  const files: SpoolFiles = {
    ...DISK,
    async create(path) {
      const file = await DISK.create(path)
      return { ...file, write: (bytes) => file.write(full ? bytes.subarray(0, 40) : bytes) }
    },
  }
  const ledger = memoryLedger()
  const folder = freshFolder()
  await using spool = await openSpool({ folder, ledger }, files)
  await assert.rejects(spool.put(spoolDraft(0)), /spool-unavailable: .*only 40 of \d+ bytes could be written/)
  assert.deepEqual([spool.waiting(), spool.size().bytes, filesIn(folder)], [0, 0, []])
  full = false
  await spool.put(spoolDraft(0))
  await spool.forward()
  assert.deepEqual([...ledger.recorded.keys()], [spoolDraft(0).id])
})

describe('the process dies, or the power is cut, at every instant', () => {
  for (const kept of ['all', 'nothing', 'names', 'removals', 'half and zeros'] satisfies Kept[]) {
    test(`of what was not synced the disk has kept ${kept}`, async () => {
      const ran: Run = { folder: freshFolder(), ledger: scenarioLedger(), told: [] }
      const instants: Run[] = []
      const files = watchedFiles(() => {
        const folder = freshFolder()
        files.lay(ran.folder, folder, kept)
        instants.push({ folder, ledger: memoryLedger(new Map(ran.ledger.recorded)), told: [...ran.told] })
      })
      await runSpoolScenario(ran.folder, ran.ledger, files, (one) => ran.told.push(one))
      assert.ok(instants.length > 50)
      for (const instant of instants) await judge(instant)
    })
  }
})

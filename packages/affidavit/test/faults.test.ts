// The fault table: every write of commit and publication, broken in every way; then reopened by the normal path and held
// against what was acknowledged.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { type WriteFault, type WriteFaults, writeFaults } from '../src/testing/write-faults.ts'
import { type FaultyParts, runScenario, SCENARIO_DRAFTS, scenarioDraft, type Told } from './fault-scenario.ts'
import { inspectCheckpointLog, inspectLedger, type NaiveLedger } from './oracle/naive-ledger.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-faults-'))
const template = join(root, 'template')
await initLedger(template, { origin: 'faults.example/agents' })
after(() => rmSync(root, { recursive: true, force: true }))

let copies = 0
function freshFolder(): string {
  const folder = join(root, `copy-${copies++}`)
  cpSync(template, folder, { recursive: true })
  return folder
}

type Plan = ReadonlyMap<number, WriteFault>
const UNBROKEN: Plan = new Map()

async function run(plans: { database?: Plan; file?: Plan; reopen?: FaultyParts['reopen'] }): Promise<Run> {
  const parts = {
    folder: freshFolder(),
    database: writeFaults(plans.database ?? UNBROKEN),
    file: writeFaults(plans.file ?? UNBROKEN),
    reopen: plans.reopen ?? 'possible',
  } as const
  const told: Told[] = []
  await runScenario(parts, (one) => told.push(one))
  return { ...parts, told }
}

interface Run {
  readonly folder: string
  readonly told: readonly Told[]
}

const whole = await (async () => {
  const database = writeFaults(UNBROKEN)
  const file = writeFaults(UNBROKEN)
  await runScenario({ folder: freshFolder(), database, file, reopen: 'possible' }, () => undefined)
  return { database: database.seen, file: file.seen }
})()

test('the scenario goes through every write that commits and publishes', () => {
  assert.deepEqual(
    [...new Set(whole.database)],
    [
      'BEGIN IMMEDIATE',
      'INSERT INTO entries',
      'INSERT INTO entry_subjects',
      'COMMIT',
      'INSERT INTO checkpoints',
      'INSERT INTO cosignatures',
    ],
  )
  assert.deepEqual([...new Set(whole.file)], ['write', 'sync'])
})

/** The different codes a run was told, in order. */
function codesOf({ told }: Run): string[] {
  return [...new Set(told.flatMap((one) => (one.kind === 'failed' ? [one.code] : [])))]
}

/** What an append may be told when the one write is broken so, where connections can be replaced. */
function expectedOf(write: string, fault: WriteFault): readonly string[] {
  // Whatever COMMIT says, doing the same again finds out; so nothing is unknown.
  if (write === 'COMMIT') return []
  return fault === 'not-persisted' || fault === 'persisted-but-reported-failed' ? ['not-committed'] : []
}

describe('every write of the database', () => {
  for (const [at, write] of whole.database.entries()) {
    for (const fault of ['not-persisted', 'persisted-but-reported-failed'] as const) {
      test(`write ${at}, ${write}: ${fault}`, async () => {
        const ran = await run({ database: new Map([[at, fault]]) })
        assert.deepEqual(codesOf(ran), expectedOf(write, fault))
        await judge(ran)
      })
    }
  }
})

describe('every write of a database that the caller brought', () => {
  for (const [at, write] of whole.database.entries()) {
    for (const fault of ['not-persisted', 'persisted-but-reported-failed'] as const) {
      test(`write ${at}, ${write}: ${fault}`, async () => {
        const ran = await run({ database: new Map([[at, fault]]), reopen: 'impossible' })
        // One connection that cannot be replaced: a COMMIT that failed stays unknown, and only that.
        assert.deepEqual(codesOf(ran), write === 'COMMIT' ? ['outcome-unknown'] : ['not-committed'])
        await judge(ran)
      })
    }
  }
})

describe('every write of the checkpoint log', () => {
  for (const [at, write] of whole.file.entries()) {
    for (const fault of ['not-persisted', 'half-persisted', 'persisted-but-reported-failed'] as const) {
      test(`write ${at}, ${write}: ${fault}`, async () => {
        const ran = await run({ file: new Map([[at, fault]]) })
        assert.deepEqual(codesOf(ran), ['not-published'])
        await judge(ran)
      })
    }
  }
})

describe('two faults in a row', () => {
  const commits = [...whole.database.keys()].filter((at) => whole.database[at] === 'COMMIT')
  const failing = ['not-persisted', 'persisted-but-reported-failed'] as const
  for (const at of commits) {
    for (const commit of failing) {
      for (const [next, later] of Object.entries({ BEGIN: 1, 'the write after it': 2 })) {
        test(`COMMIT, write ${at}, ${commit}; on the new connection ${next} fails: nobody knows`, async () => {
          const ran = await run({
            database: new Map<number, WriteFault>([
              [at, commit],
              [at + later, 'not-persisted'],
            ]),
          })
          // The second try of a batch that was persisted writes nothing: then the write after BEGIN is COMMIT, tried again.
          const settled = later === 2 && commit === 'persisted-but-reported-failed'
          assert.deepEqual(codesOf(ran), settled ? [] : ['outcome-unknown'])
          await judge(ran)
        })
      }
    }
    test(`COMMIT, write ${at}, fails each time it is tried: nobody knows`, async () => {
      const fault = 'persisted-but-reported-failed'
      const ran = await run({ database: new Map([0, 2, 4].map((later) => [at + later, fault])) })
      assert.deepEqual(codesOf(ran), ['outcome-unknown'])
      await judge(ran)
    })
  }
  for (const fault of failing) {
    test(`in a database that the caller brought, an INSERT fails and then its ROLLBACK: ${fault}`, async () => {
      const at = whole.database.indexOf('INSERT INTO entry_subjects')
      const plan = new Map<number, WriteFault>([
        [at, 'not-persisted'],
        [at + 1, fault],
      ])
      const ran = await run({ database: plan, reopen: 'impossible' })
      assert.deepEqual(codesOf(ran), ['not-committed'])
      await judge(ran)
    })
  }
  test('a record is written by half, and cutting the half off fails too: the next one cuts it', async () => {
    const ran = await run({
      file: new Map<number, WriteFault>([
        [0, 'half-persisted'],
        [1, 'not-persisted'],
      ]),
    })
    assert.deepEqual(codesOf(ran), ['not-published'])
    await judge(ran)
  })
})

const kills = [
  ...whole.database.map((write, at) => ({ broken: 'database', write, at }) as const),
  ...whole.file.map((write, at) => ({ broken: 'file', write, at }) as const),
]
// After a write inside a transaction is before the next one; after those that make something durable is not.
const lasts = ({ broken, write }: (typeof kills)[number]): boolean => broken === 'file' || write === 'COMMIT'

describe('what lies there at a write, and is there when the process is killed at it', async () => {
  const left = {
    'killed-before': await everyMoment('killed-before'),
    'killed-after': await everyMoment('killed-after'),
  }
  for (const kill of kills) {
    for (const fault of lasts(kill) ? (['killed-before', 'killed-after'] as const) : (['killed-before'] as const)) {
      const { broken, at, write } = kill
      test(`${fault.replace('killed-', '')} write ${at} of the ${broken}, ${write}`, async () => {
        await judge(left[fault][broken][at] ?? assert.fail('the run did not come there'))
      })
    }
  }
})

/** One run, and a copy of its folder, and of what it was told, at every write: bytes that were handed to the system outlive a process. */
async function everyMoment(fault: 'killed-before' | 'killed-after'): Promise<{ database: Run[]; file: Run[] }> {
  const folder = freshFolder()
  const told: Told[] = []
  const watched = (writes: readonly string[]): { faults: WriteFaults; runs: Run[] } => {
    const runs: Run[] = []
    const plan = new Map(writes.map((_, at) => [at, fault]))
    const faults = writeFaults(plan, () => {
      const copy = join(root, `copy-${copies++}`)
      cpSync(folder, copy, { recursive: true })
      runs.push({ folder: copy, told: [...told] })
    })
    return { faults, runs }
  }
  const [database, file] = [watched(whole.database), watched(whole.file)]
  const parts = { folder, database: database.faults, file: file.faults, reopen: 'possible' } as const
  await runScenario(parts, (one) => told.push(one))
  return { database: database.runs, file: file.runs }
}

// Each write of a kind is like the first of it to the system: AFFIDAVIT_SOAK=1 kills at all of them.
describe('a process killed', () => {
  const all = process.env.AFFIDAVIT_SOAK === '1'
  const isFirst = ({ broken, write }: (typeof kills)[number], i: number): boolean =>
    kills.findIndex((other) => other.broken === broken && other.write === write) === i
  for (const kill of kills.filter((one, i) => all || isFirst(one, i))) {
    const { broken, write, at } = kill
    for (const fault of lasts(kill) ? ['killed-before', 'killed-after'] : ['killed-before']) {
      test(`${fault.replace('killed-', '')} write ${at} of the ${broken}, ${write}`, async () => {
        const folder = freshFolder()
        await judge({ folder, told: await runChild([folder, broken, String(at), fault]) })
      })
    }
  }
})

function runChild(args: readonly string[]): Promise<Told[]> {
  const script = join(import.meta.dirname, 'fault-child.ts')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, ...args], { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error?.signal !== 'SIGKILL' || error.killed) reject(new Error(`the child was not killed: ${stderr}`))
      else resolve(stdout.split('\n').slice(0, -1).map(toldOf))
    })
  })
}

// Written by fault-child.ts as Told.
function toldOf(line: string): Told {
  return JSON.parse(line) as Told
}

/** Reopens by the normal path, hands every draft in again, and compares with what was told. */
async function judge({ folder, told }: Run): Promise<void> {
  const acknowledged = told.flatMap((one) => (one.kind === 'acknowledged' ? [one.place] : []))
  // One draft is handed in twice: what one try did not commit, the other may have.
  const places = new Set(acknowledged.map(({ id }) => id))
  const unrecorded = told
    .flatMap((one) => (one.kind === 'failed' && one.code === 'not-committed' ? one.ids : []))
    .filter((id) => !places.has(id))
  const before = inspectLedger(databaseFile(folder))
  const standing = new Map(before.entries.map(({ members, seq, hash }) => [members.get('id'), { seq, hash }]))
  for (const { id, seq, integrity_hash } of acknowledged) {
    assert.deepEqual(standing.get(id), { seq, hash: integrity_hash }, 'what was acknowledged is there')
  }
  judgeReleased(folder, told, before)
  for (const id of unrecorded) assert.ok(!standing.has(id), 'what was said not to be committed is not there')
  const again = await appendAgain(folder)
  for (const { id, seq, integrity_hash, state } of again) {
    const stood = standing.get(id)
    assert.equal(state, stood === undefined ? 'recorded' : 'duplicate')
    if (stood !== undefined) assert.deepEqual({ seq, hash: integrity_hash }, stood)
  }
  const after = inspectLedger(databaseFile(folder))
  assert.equal(after.entries.length, 1 + SCENARIO_DRAFTS, 'every record is there once')
  assert.deepEqual(
    after.entries.slice(0, before.entries.length).map(({ hash }) => hash),
    before.entries.map(({ hash }) => hash),
  )
  const released = releasedSizes(folder, after)
  for (const { size } of after.checkpoints) assert.ok(released.includes(size), `checkpoint ${size} was released`)
}

async function appendAgain(folder: string) {
  await using ledger = await openFolder(folder)
  const drafts = Array.from({ length: SCENARIO_DRAFTS }, (_, i) => scenarioDraft(i))
  return await Promise.all(drafts.map((draft) => ledger.append(draft)))
}

/** What was said to be published is outside at that moment, not only after the next opening. */
function judgeReleased(folder: string, told: readonly Told[], ledger: NaiveLedger): void {
  const released = releasedSizes(folder, ledger)
  for (const one of told) {
    if (one.kind === 'published') assert.ok(released.includes(one.size), `what was published at ${one.size} is outside`)
  }
}

function releasedSizes(folder: string, ledger: NaiveLedger): number[] {
  return inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), ledger).map(({ size }) => size)
}

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { databaseFile, keysFolder } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import type { Draft } from '../formats/fields.ts'
import { fileKeys } from '../keys/file.ts'
import { connectSqlite } from '../stores/sqlite/connect.ts'
import { localSqliteStore } from '../stores/sqlite/local-store.ts'
import { faultyDatabase } from '../testing/faulty-database.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { type WriteFault, writeFaults } from '../testing/write-faults.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerStore } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-ledger-'))
after(() => rmSync(root, { recursive: true, force: true }))

const DAY = 24 * 3_600_000
let folders = 0

async function freshFolder(): Promise<string> {
  const folder = join(root, String(folders++))
  await initLedger(folder, { origin: 'ledger.example/agents' })
  return folder
}

/** A store whose writes number `plan` are broken. */
function faultyStore(folder: string, plan: ReadonlyMap<number, WriteFault>): LedgerStore {
  const faults = writeFaults(plan)
  const connect = () => faultyDatabase(connectSqlite(databaseFile(folder), 'open'), faults)
  return localSqliteStore({ connect, reopen: 'possible' })
}

const call = (fields: Partial<Draft> = {}): Draft => ({
  action: 'tool_invoked',
  actor_id: 'agent-1',
  actor_type: 'agent',
  ...fields,
})

const uuid = (i: number): string => `01a1fc50-5200-7000-8000-${String(i).padStart(12, '0')}`

async function actionsOf(ledger: Ledger): Promise<string[]> {
  const actions: string[] = []
  for await (const { action } of ledger.search({ from_seq: 1 })) actions.push(action)
  return actions
}

test('closing right after an append commits and publishes what was taken', async () => {
  const folder = await freshFolder()
  const ledger = await openFolder(folder)
  const appends = Array.from({ length: 700 }, () => ledger.append(call()))
  await ledger.close()
  assert.equal((await Promise.all(appends)).length, 700)
  await assert.rejects(ledger.append(call()), { code: 'ledger-closed' })
  await using again = await openFolder(folder)
  const { size, published } = await again.health()
  assert.deepEqual({ size, published }, { size: 701, published: 701 })
})

test('appends are recorded in the order of their calls', async () => {
  await using ledger = await openFolder(await freshFolder())
  const appended = await Promise.all(Array.from({ length: 40 }, (_, i) => ledger.append(call({ id: uuid(i) }))))
  assert.deepEqual(
    appended.map(({ seq }) => seq),
    Array.from({ length: 40 }, (_, i) => 1 + i),
  )
})

test('appendMany waits for room, and a conflict finds room too', async () => {
  for (const queueCapacity of [1, 2, 7]) {
    await using ledger = await openFolder(await freshFolder(), { queueCapacity })
    await ledger.append(call({ id: uuid(0) }))
    const drafts = Array.from({ length: 60 }, (_, i) =>
      call({ id: uuid(i % 20), outcome: i < 20 ? 'success' : 'error' }),
    )
    const outcomes = await ledger.appendMany(drafts)
    const codes = outcomes.map((outcome) => (outcome.state === 'refused' ? outcome.error.code : outcome.state))
    // The first of them is in conflict with what stands, the others of the first twenty are new; the rest repeat ids.
    assert.deepEqual(codes, [
      'id-conflict',
      ...Array.from({ length: 19 }, () => 'recorded'),
      ...Array.from({ length: 40 }, () => 'id-conflict'),
    ])
    const conflicts = (await actionsOf(ledger)).filter((action) => action === 'append_conflicted')
    // Id 0 was refused with two different drafts, each other one with one; the same conflict again is the same record.
    assert.equal(conflicts.length, 21)
  }
})

test('a queue that is full refuses a single append, and takes the next when there is room', async () => {
  await using ledger = await openFolder(await freshFolder(), { queueCapacity: 2 })
  const taken = [ledger.append(call()), ledger.append(call())]
  await assert.rejects(ledger.append(call()), { code: 'queue-full' })
  await Promise.all(taken)
  assert.equal((await ledger.append(call())).state, 'recorded')
})

test('the record of a step comes before the draft that met it', async () => {
  const clock = fixedClock(Date.now())
  await using ledger = await openFolder(await freshFolder(), { clock })
  await ledger.append(call())
  clock.set(clock.now() - 60_000)
  await Promise.all([ledger.append(call()), ledger.append(call())])
  assert.deepEqual(await actionsOf(ledger), ['tool_invoked', 'clock_stepped', 'tool_invoked', 'tool_invoked'])
})

test('the record of a step takes nobody’s room in the queue', async () => {
  const clock = fixedClock(Date.now())
  await using ledger = await openFolder(await freshFolder(), { clock, queueCapacity: 1 })
  for (const append of [ledger.append, async (draft: Draft) => (await ledger.appendMany([draft]))[0]]) {
    clock.set(clock.now() - 60_000)
    assert.equal((await append(call()))?.state, 'recorded')
  }
})

test('a step whose record fails, together with the draft beside it, is recorded later, once', async () => {
  const folder = await freshFolder()
  const clock = fixedClock(Date.now())
  // Write 0 begins the commit of the step's record.
  const ledger = await openFolder(folder, { clock, store: faultyStore(folder, new Map([[0, 'not-persisted']])) })
  clock.set(clock.now() + 60_000)
  await assert.rejects(ledger.append(call()), { code: 'not-committed' })
  assert.equal((await ledger.append(call())).seq, 2)
  await ledger.append(call())
  assert.deepEqual(await actionsOf(ledger), ['clock_stepped', 'tool_invoked', 'tool_invoked'])
  await ledger.close()
})

test('a step that nothing came after is recorded at the close, or the close says why not', async () => {
  for (const [faults, expected] of [
    [[0], ['clock_stepped']],
    [[0, 1], []],
  ] as const) {
    const folder = await freshFolder()
    const clock = fixedClock(Date.now())
    const plan = new Map(faults.map((at) => [at, 'not-persisted'] as const))
    const ledger = await openFolder(folder, { clock, store: faultyStore(folder, plan) })
    clock.set(clock.now() + 60_000)
    await assert.rejects(ledger.append(call()), { code: 'not-committed' })
    if (plan.size === 1) await ledger.close()
    else await assert.rejects(ledger.close(), { code: 'not-committed' })
    await using again = await openFolder(folder)
    assert.deepEqual(await actionsOf(again), expected)
  }
})

test('a jump of the clock stops appends, and is not written by those that were taken before', async () => {
  const folder = await freshFolder()
  const start = Date.now()
  const clock = fixedClock(start)
  await using ledger = await openFolder(folder, { clock })
  const other = new DatabaseSync(databaseFile(folder))
  other.exec('BEGIN IMMEDIATE')
  const taken = [ledger.append(call()), ledger.append(call())]
  clock.set(start + 2 * DAY)
  await assert.rejects(ledger.append(call()), { code: 'clock-jump' })
  other.exec('ROLLBACK')
  other.close()
  const times = (await Promise.all(taken)).map(({ recorded_at }) => Date.parse(recorded_at))
  for (const time of times) assert.ok(time < start + DAY, new Date(time).toISOString())
})

test('a clock with fractions of a millisecond gives records as any other', async () => {
  const clock = { now: () => Date.now() + 0.974, elapsed: () => performance.now() }
  await using ledger = await openFolder(await freshFolder(), { clock })
  const { id, seq, recorded_at } = await ledger.append(call())
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  // Reading computes the hash and parses strictly.
  assert.deepEqual([(await ledger.at(seq))?.id, (await ledger.get(id))?.recorded_at], [id, recorded_at])
})

test('a condition that is no text and no number is refused', async () => {
  await using ledger = await openFolder(await freshFolder())
  for (const id of [() => 'x', Symbol('x'), null, {}]) {
    const found = ledger.search(JSON.parse('{}', () => ({ id })))
    await assert.rejects(found.next(), { code: 'invalid-query', path: 'id' })
  }
})

test('a jump that nobody confirmed is in no time line of a checkpoint', async () => {
  const folder = await freshFolder()
  const start = Date.now()
  const clock = fixedClock(start)
  await using ledger = await openFolder(folder, { clock })
  await ledger.append(call())
  clock.set(start + 2 * DAY)
  assert.ok(timeOf((await ledger.publish()).note) < start + DAY)
  await ledger.confirmClock({ actor_id: 'operator-1', reason: 'the host slept' })
  assert.ok(timeOf((await ledger.publish()).note) >= start + 2 * DAY - 1_000)
})

/** What the heartbeat key says of the time, in its line behind those of the log: the key's id, then the seconds. */
function timeOf(note: string): number {
  const [, line = ''] = /^— \S+\/heartbeat (\S+)$/m.exec(note) ?? []
  return Number(Buffer.from(line, 'base64').readBigUInt64BE(4)) * 1_000
}

test('a jump is accepted in somebody’s name once that is recorded, not before', async () => {
  const folder = await freshFolder()
  const clock = fixedClock(Date.now())
  const ledger = await openFolder(folder, { clock, store: faultyStore(folder, new Map([[0, 'not-persisted']])) })
  clock.set(clock.now() + 2 * DAY)
  const by = { actor_id: 'admin-1', reason: 'the battery was replaced' }
  await assert.rejects(ledger.confirmClock(by), { code: 'not-committed' })
  await assert.rejects(ledger.append(call()), { code: 'clock-jump' })
  await ledger.confirmClock(by)
  await ledger.append(call())
  await ledger.confirmClock(by)
  assert.deepEqual(await actionsOf(ledger), ['clock_stepped', 'tool_invoked'])
  const step = await ledger.at(1)
  assert.deepEqual([step?.actor_type, step?.outcome_reason], ['admin', by.reason])
  assert.match(String(step?.actor_id), /^tok_[0-9a-f]{32}$/)
  await ledger.close()
})

test('a ledger that could not be opened publishes nothing later on', async () => {
  const folder = join(root, String(folders++))
  const { origin } = await initLedger(folder, { origin: 'ledger.example/agents' })
  await fileKeys(keysFolder(folder), origin).beginRotation()
  const warnings: string[] = []
  const listen = ({ name }: Error): unknown => warnings.push(name)
  process.on('warning', listen)
  // The announcement of the key that was begun cannot be written; a heartbeat would be due at once.
  const store = faultyStore(folder, new Map([[0, 'not-persisted']]))
  const publish = { intervalMillis: 1, heartbeatMillis: 1 }
  await assert.rejects(openFolder(folder, { store, publish }), { code: 'not-committed' })
  for (let turns = 0; turns < 20; turns++) await delay(1)
  process.off('warning', listen)
  assert.deepEqual(warnings, [])
})

// Several processes on one ledger: no error, no gap, no starving; and an event loop that goes on while they wait.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { samples } from '../src/testing/sample-drafts.ts'
import { inspectCheckpointLog, inspectLedger, type NaiveLedger } from './oracle/naive-ledger.ts'

const WRITERS = 8
const APPENDS = 100
/** The promise of the architecture: no writer waits for more commits of others than this, in 99 of 100 cases. */
const FAIR_WAIT = 20

const root = mkdtempSync(join(tmpdir(), 'affidavit-concurrency-'))
after(() => rmSync(root, { recursive: true, force: true }))

interface Waited {
  /** Size of the ledger that the writer saw before it appended. */
  readonly size: number
  readonly seq: number
}

test(`${WRITERS} processes append to one ledger: no error, no gap, and nobody starves`, async (t) => {
  const folder = join(root, 'ledger')
  await initLedger(folder, { origin: 'concurrency.example/agents' })
  const names = Array.from({ length: WRITERS }, (_, i) => `writer-${i}`)
  const writers = names.map((name) => startWriter(folder, name))
  await Promise.all(writers.map(({ ready }) => ready))
  for (const { child } of writers) child.stdin?.write('go\n')
  const told = await Promise.all(writers.map(({ done }) => done))

  const ledger = inspectLedger(databaseFile(folder))
  inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), ledger)
  assert.equal(ledger.entries.length, 1 + WRITERS * (1 + APPENDS))
  for (const [i, name] of names.entries()) judgeWriter(ledger, name, told[i] ?? [])
  t.diagnostic(told.map((waits) => `p99 ${percentile(waits.map(othersCommits), 0.99)}`).join(', '))
})

function startWriter(
  folder: string,
  name: string,
): { child: ChildProcess; ready: Promise<unknown>; done: Promise<readonly Waited[]> } {
  const script = join(import.meta.dirname, 'writer-child.ts')
  const child = spawn(process.execPath, [script, folder, name, String(APPENDS)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ready = Promise.withResolvers<void>()
  return { child, ready: ready.promise, done: listen() }

  async function listen(): Promise<readonly Waited[]> {
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
    const told: Waited[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === '"ready"') ready.resolve()
      // Written by writer-child.ts.
      else told.push(JSON.parse(line) as Waited)
    }
    ready.reject(new Error(`${name} ended before it began`))
    assert.equal(await ended, 0, `${name} ended without an error`)
    return told
  }
}

function judgeWriter(ledger: NaiveLedger, name: string, told: readonly Waited[]): void {
  const own = ledger.entries.filter(({ members }) => members.get('producer_id') === name)
  assert.deepEqual(
    own.map(({ seq }) => seq),
    told.map(({ seq }) => seq),
    'each record is where its writer was told, in the order of its appends',
  )
  assert.deepEqual(
    own.map(({ members }) => members.get('producer_seq')),
    own.map((_, i) => i),
  )
  const p99 = percentile(told.map(othersCommits), 0.99)
  assert.ok(p99 <= FAIR_WAIT, `${name} waited for up to ${p99} commits of others`)
}

// A writer has one record on its way, so each of its commits holds one; what came between the size it saw and its own
// place are the commits of others, one each. No clock is read: a slow machine is slow for all of them.
function othersCommits({ size, seq }: Waited): number {
  return seq - size
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

test('the event loop goes on while an append waits for the lock of another process', async () => {
  const folder = join(root, 'waiting')
  await initLedger(folder, { origin: 'waiting.example/agents' })
  await using ledger = await openFolder(folder)
  await ledger.append({ action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' })
  const turns = await turnsWhileHeld(databaseFile(folder), () =>
    ledger.append({ action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' }),
  )
  assert.equal(turns, 50)
  assert.equal((await ledger.health()).size, 3)
})

test('the event loop goes on while a commit waits in a database that the caller brought', async () => {
  const file = join(root, 'given.db')
  const { prepare, batch } = samples('given.example/agents/0123456789abcdef')
  const database = new DatabaseSync(file, { timeout: 0 })
  const store = sqliteStore(database, 'create')
  await store.create('given.example/agents/0123456789abcdef')
  assert.equal(await turnsWhileHeld(file, () => store.commit(batch([prepare()]))), 50)
  await store.close()
  database.close()
})

/**
 * Holds the write lock, as another process would, until 50 timers have fired. Were the loop blocked until the lock is
 * free, neither would ever happen, for it is this loop that frees it: the append would give up instead.
 */
async function turnsWhileHeld(file: string, append: () => Promise<unknown>): Promise<number> {
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  let state: 'waiting' | 'settled' = 'waiting'
  const appended = append().finally(() => {
    state = 'settled'
  })
  let turns = 0
  for (; turns < 50; turns++) {
    await delay(1)
    assert.equal(state, 'waiting')
  }
  other.exec('ROLLBACK')
  other.close()
  await appended
  return turns
}

test('an append that cannot have its turn says that nothing was recorded, and works later', async () => {
  const folder = join(root, 'impatient')
  await initLedger(folder, { origin: 'impatient.example/agents' })
  await using ledger = await openFolder(folder, { patienceMillis: 20 })
  const draft = { action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' } as const
  await ledger.append(draft)
  const other = new DatabaseSync(databaseFile(folder))
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(ledger.append(draft), { code: 'not-committed' })
  other.exec('ROLLBACK')
  other.close()
  assert.equal((await ledger.append(draft)).seq, 2)
})

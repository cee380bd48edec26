// Processes that append at full speed are killed at random instants, over and over, on one ledger. Nothing that was
// acknowledged is ever lost, and the next process opens the ledger by the normal path.
// AFFIDAVIT_SOAK=1 kills thousands instead of dozens.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { inspectCheckpointLog, inspectLedger } from './oracle/naive-ledger.ts'

const KILLS = process.env.AFFIDAVIT_SOAK === '1' ? 4_000 : 48
/** Full inspections cost as much as the ledger is long, so they are few; every kill is held against its acknowledgements. */
const ROUND = 50
const KILLS_OF_A_LEDGER = 400
const CHILDREN = 3

const root = mkdtempSync(join(tmpdir(), 'affidavit-kill-'))
after(() => rmSync(root, { recursive: true, force: true }))

interface Acknowledgement {
  readonly id: string
  readonly seq: number
  readonly integrity_hash: string
}

test(`no acknowledged record is lost in ${KILLS} kills, and the ledger opens after each`, async (t) => {
  const told = { kills: 0, beforeOpen: 0, acknowledged: 0 }
  while (told.kills < KILLS) {
    await killOnOneLedger(join(root, String(told.kills)), Math.min(told.kills + KILLS_OF_A_LEDGER, KILLS), told)
    if (KILLS > KILLS_OF_A_LEDGER) console.log(`${told.kills} of ${KILLS} kills; ${told.acknowledged} acknowledged`)
  }
  assert.ok(told.acknowledged > KILLS, 'the children were at work when they were killed')
  t.diagnostic(`${told.kills} kills, ${told.beforeOpen} of them while opening; ${told.acknowledged} acknowledged`)
})

interface Told {
  kills: number
  beforeOpen: number
  acknowledged: number
}

async function killOnOneLedger(folder: string, last: number, told: Told): Promise<void> {
  await initLedger(folder, { origin: 'kill.example/agents' })
  while (told.kills < last) {
    const upTo = Math.min(told.kills + ROUND, last)
    await Promise.all(Array.from({ length: CHILDREN }, (_, lane) => killInTurn(lane, upTo)))
    const ledger = inspectLedger(databaseFile(folder))
    inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), ledger)
  }
  await judgeTheEnd(folder)

  async function killInTurn(lane: number, upTo: number): Promise<void> {
    while (told.kills < upTo) {
      told.kills++
      const { state, acknowledged } = await runAndKill(folder, `agent-${lane}`)
      if (state === 'opening') told.beforeOpen++
      told.acknowledged += acknowledged.length
      assertKept(folder, acknowledged)
    }
  }
}

/** Runs one child, kills it at a random instant, and returns what it was told until then. */
async function runAndKill(
  folder: string,
  name: string,
): Promise<{ state: 'opening' | 'open'; acknowledged: readonly Acknowledgement[] }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), folder, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_COMPILE_CACHE: join(root, 'compiled'), ...process.env },
  })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  const kill = (): unknown => child.kill('SIGKILL')
  // Now and then while it opens, else at some acknowledgement, a moment after it.
  if (Math.random() < 0.15) setTimeout(kill, Math.random() * 300)
  let left = Math.floor(Math.random() ** 3 * 200)
  let state: 'opening' | 'open' = 'opening'
  const acknowledged: Acknowledgement[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '"open"') state = 'open'
    else acknowledged.push(acknowledgementOf(line))
    if (left-- === 0) setTimeout(kill, Math.random() * 5)
  }
  assert.equal(await ended, 'SIGKILL', `the child ended by itself: ${stderr.join('')}`)
  return { state, acknowledged }
}

// Written by kill-child.ts; a line is written at once, so a kill cuts none.
function acknowledgementOf(line: string): Acknowledgement {
  return JSON.parse(line) as Acknowledgement
}

function assertKept(folder: string, acknowledged: readonly Acknowledgement[]): void {
  const db = new DatabaseSync(databaseFile(folder), { timeout: 5_000 })
  try {
    const find = db.prepare(
      'SELECT seq, lower(hex(substr(nodes, 1, 32))) AS integrity_hash FROM entries WHERE ledger_no = 1 AND id = ?',
    )
    for (const { id, seq, integrity_hash } of acknowledged) {
      assert.deepEqual(
        { ...find.get(id) },
        { seq, integrity_hash },
        'what was acknowledged is there, where it was said',
      )
    }
  } finally {
    db.close()
  }
}

/** Opened once more, used, and closed: all of it is published, and nothing of the dead is left. */
async function judgeTheEnd(folder: string): Promise<void> {
  const ledger = await openFolder(folder)
  await ledger.append({ action: 'tool_invoked', actor_id: 'survivor', actor_type: 'agent' })
  await ledger.close()
  const inspected = inspectLedger(databaseFile(folder))
  const released = inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), inspected)
  assert.equal(released.at(-1)?.size, inspected.entries.length)
  const sizes = new Set(released.map(({ size }) => size))
  for (const { size } of inspected.checkpoints) assert.ok(sizes.has(size), `checkpoint ${size} was released`)
}

test('tickets and locks that killed processes left do not stand in the way', async () => {
  const folder = join(root, 'left')
  await initLedger(folder, { origin: 'left.example/agents' })
  const gone = await deadPid()
  const turns = `${databaseFile(folder)}-turns`
  mkdirSync(turns, { recursive: true })
  for (let i = 0; i < 20; i++) writeFileSync(join(turns, `00000000000000${i % 10}-${gone}-${i}-1`), '')
  const lock = join(folder, 'checkpoints', 'checkpoints.log.lock')
  writeFileSync(lock, `${hostname()} ${gone} 00\n`)
  await using ledger = await openFolder(folder)
  await ledger.append({ action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' })
  assert.equal((await ledger.publish()).size, 2)
  assert.deepEqual(readdirSync(turns), [])
  assert.deepEqual(readdirSync(join(folder, 'checkpoints')), ['checkpoints.log'])
})

test('a lock whose owner was killed before it signed it is taken over when it has stood still', async () => {
  const folder = join(root, 'unsigned')
  await initLedger(folder, { origin: 'left.example/agents' })
  const lock = join(folder, 'checkpoints', 'checkpoints.log.lock')
  writeFileSync(lock, '')
  await using ledger = await openFolder(folder)
  await ledger.append({ action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' })
  assert.equal((await ledger.publish()).size, 2)
})

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await new Promise((resolve) => child.on('close', resolve))
  assert.ok(child.pid !== undefined)
  return child.pid
}

// Processes whose agents are at work are killed at random instants, over and over, on one ledger that takes nothing now and then. What
// their agents were told is on record afterwards, once; what was under way has left its intent. AFFIDAVIT_SOAK=1 kills hundreds.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'

import { createAudit, openSpool } from '../src/capture.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'

const KILLS = process.env.AFFIDAVIT_SOAK === '1' ? 300 : 3
const CHILDREN = 2

const root = mkdtempSync(join(tmpdir(), 'affidavit-capture-kill-'))
after(() => rmSync(root, { recursive: true, force: true }))
const home = join(root, 'ledger')

/** What an agent was told, as capture-kill-child.ts writes it. */
interface Told {
  readonly state?: string
  readonly said?: string
  readonly answered?: string
  readonly running?: string
  readonly ran?: string
}

test(`nothing that an agent was told is lost or doubled in ${KILLS} kills, and what was under way is there`, async (t) => {
  await initLedger(home, { origin: 'kill.example/agents' })
  const told: Told[] = []
  let kills = 0
  async function killInTurn(lane: number): Promise<void> {
    while (kills < KILLS) {
      // One at least is in the midst of its work.
      const behind = kills++ === 0 ? 'a tool' : 'anything'
      told.push(...(await runAndKill(join(root, `spool-${lane}`), behind)))
    }
  }
  await Promise.all(Array.from({ length: CHILDREN }, (_, lane) => killInTurn(lane)))
  await using ledger = await openFolder(home)
  for (let lane = 0; lane < CHILDREN; lane++) {
    // Whoever comes next hands over what was left.
    const spool = await openSpool({ folder: join(root, `spool-${lane}`), ledger })
    await using _ = createAudit({ ledger, spool })
  }
  const records: AuditRecord[] = []
  for await (const record of ledger.search()) records.push(record)
  judge(records, told)
  t.diagnostic(`${kills} kills; ${told.length} times an agent was told something; ${records.length} records`)
})

/** Runs one child, kills it at a random instant behind what it was told, and returns what its agent was told until then. */
async function runAndKill(spool: string, behind: 'anything' | 'a tool'): Promise<readonly Told[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'capture-kill-child.ts'), home, spool], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_COMPILE_CACHE: join(root, 'compiled'), ...process.env },
  })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  let left = Math.floor(Math.random() ** 2 * 200)
  const told: Told[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // Written by the child; a line is written at once, so a kill cuts none.
    told.push(JSON.parse(line) as Told)
    const counts = behind === 'anything' || told.some(({ ran }) => ran !== undefined)
    if (counts && left-- === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 5)
  }
  assert.equal(await ended, 'SIGKILL', `the child ended by itself: ${stderr.join('')}`)
  return told
}

function judge(records: readonly AuditRecord[], told: readonly Told[]): void {
  const actionOf = new Map(records.map(({ id, action }) => [id, action]))
  assert.equal(actionOf.size, records.length, 'no record is there twice')
  const outcomes = records.filter(({ action }) => action === 'agent_response_generated' || action === 'tool_completed')
  const outcomeOf = new Map(outcomes.map(({ parent_id = '', action }) => [parent_id, action]))
  assert.equal(outcomeOf.size, outcomes.length, 'no step has two outcomes')
  for (const { said, answered, running, ran } of told) {
    if (said !== undefined) assert.equal(actionOf.get(said), 'user_message_received')
    if (answered !== undefined) assert.equal(outcomeOf.get(answered), 'agent_response_generated')
    if (running !== undefined) assert.equal(actionOf.get(running), 'tool_invoked', 'what was under way is there')
    if (ran !== undefined) assert.equal(outcomeOf.get(ran), 'tool_completed')
  }
  const numbers = records.flatMap(({ producer_id, producer_seq }) =>
    producer_id === undefined ? [] : `${producer_id} ${producer_seq}`,
  )
  assert.equal(new Set(numbers).size, numbers.length, 'no number of a producer is used twice')
  const announced = records.filter(({ action }) => action === 'model_changed')
  assert.equal(announced.length, 1, 'a version is announced once, whoever asks under it')
  assert.ok(
    told.some(({ ran }) => ran !== undefined),
    'the agents were at work when they were killed',
  )
}

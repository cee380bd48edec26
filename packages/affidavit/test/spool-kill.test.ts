// Processes that put drafts into a spool and forward them are killed at random instants, over and over, on one folder.
// AFFIDAVIT_SOAK=1 kills hundreds instead of a few.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'

import { openSpool } from '../src/capture/spool.ts'
import { filesIn, newSpoolPlace, numbersIn, openQuiet, type SpoolPlace } from './spool-place.ts'

const KILLS = process.env.AFFIDAVIT_SOAK === '1' ? 500 : 4
const DRAFTS_OF_A_PROCESS = 100_000

const root = mkdtempSync(join(tmpdir(), 'affidavit-spool-kill-'))
after(() => rmSync(root, { recursive: true, force: true }))

test(`what was acknowledged is recorded once, in order, in ${KILLS} kills; the folder is in nobody’s way`, async (t) => {
  const place = await newSpoolPlace(root)
  const acknowledged: number[] = []
  for (let kill = 0; kill < KILLS; kill++) acknowledged.push(...(await runAndKill(place, kill * DRAFTS_OF_A_PROCESS)))
  await using ledger = await openQuiet(place)
  await using spool = await openSpool({ folder: place.spool, ledger })
  const waited = spool.waiting()
  const { refused, unreadable } = await spool.forward()
  assert.deepEqual([refused, unreadable, filesIn(place.spool)], [[], [], []])
  const recorded = (await numbersIn(ledger)).map(Number)
  assert.deepEqual(
    recorded,
    recorded.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(recorded).size, recorded.length)
  const missing = acknowledged.filter((draft) => !recorded.includes(draft))
  assert.deepEqual(missing, [])
  assert.ok(acknowledged.length > KILLS, 'the processes were at work when they were killed')
  t.diagnostic(
    `${acknowledged.length} acknowledged, ${recorded.length} recorded, ${waited} of them after the last kill`,
  )
})

/** Runs one process, kills it at a random instant, and returns the drafts that were acknowledged until then. */
async function runAndKill({ ledger, spool }: SpoolPlace, first: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'spool-kill-child.ts')
  const child = spawn(process.execPath, [script, ledger, spool, String(first)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { NODE_COMPILE_CACHE: join(root, 'compiled'), ...process.env },
  })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  let left = Math.floor(Math.random() ** 2 * 150)
  const acknowledged: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== '"open"') acknowledged.push(Number(line))
    if (left-- === 0) setTimeout(() => child.kill('SIGKILL'), Math.random() * 5)
  }
  assert.equal(await ended, 'SIGKILL', `the child ended by itself: ${stderr.join('')}`)
  return acknowledged
}

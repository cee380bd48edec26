import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'

import { fixedClock } from '../../testing/fixed-clock.ts'
import { type Turns, ticketTurns } from './turns.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-turns-'))
after(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
function freshFolder(): string {
  return join(root, String(folders++))
}

const clock = fixedClock()
const turnsIn = (folder: string): Turns => ticketTurns(folder, clock.elapsed)

/** The name of a ticket of `pid` that sorts as the `place`th since 1970. */
function ticketOf(pid: number, place: number): string {
  return `${String(place).padStart(15, '0')}-${pid}-1-1`
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

test('where nobody waits, a writer may try at once and leaves nothing behind', () => {
  const folder = freshFolder()
  const turns = turnsIn(folder)
  assert.equal(turns.mayTry(), true)
  turns.leave()
  assert.equal(existsSync(folder), false)
})

test('writers that were turned away go in the order they came', () => {
  const folder = freshFolder()
  const [a, b, c] = [turnsIn(folder), turnsIn(folder), turnsIn(folder)]
  for (const turns of [a, b, c]) turns.queueUp()
  assert.deepEqual([c.mayTry(), b.mayTry(), a.mayTry()], [false, false, true])
  a.leave()
  assert.deepEqual([c.mayTry(), b.mayTry()], [false, true])
  b.leave()
  assert.equal(c.mayTry(), true)
  c.leave()
  assert.deepEqual(readdirSync(folder), [])
})

test('a newcomer stands behind those who wait, and so does one who had a turn', () => {
  const folder = freshFolder()
  const [waiting, newcomer] = [turnsIn(folder), turnsIn(folder)]
  waiting.queueUp()
  assert.equal(newcomer.mayTry(), false)
  waiting.leave()
  assert.equal(waiting.mayTry(), false, 'the newcomer holds the oldest ticket now')
  assert.equal(newcomer.mayTry(), true)
})

test('asking again and being turned away again keeps the place', () => {
  const folder = freshFolder()
  const [first, second] = [turnsIn(folder), turnsIn(folder)]
  first.queueUp()
  second.queueUp()
  for (let i = 0; i < 5; i++) {
    assert.equal(second.mayTry(), false)
    assert.equal(first.mayTry(), true)
    first.queueUp()
  }
  assert.equal(readdirSync(folder).length, 2)
})

test('the ticket of a process that is gone is passed at once', () => {
  const folder = freshFolder()
  mkdirSync(folder)
  writeFileSync(join(folder, ticketOf(deadPid(), 1)), '')
  const turns = turnsIn(folder)
  assert.deepEqual([turns.mayTry(), turns.mayTry()], [false, true])
})

test('a file that is no ticket of ours holds nobody up', () => {
  const folder = freshFolder()
  mkdirSync(folder)
  writeFileSync(join(folder, '.DS_Store'), '')
  const turns = turnsIn(folder)
  assert.deepEqual([turns.mayTry(), turns.mayTry()], [false, true])
})

test('the oldest ticket may stand still for a while, not for ever', () => {
  const folder = freshFolder()
  mkdirSync(folder)
  const stopped = ticketOf(process.ppid, 1)
  writeFileSync(join(folder, stopped), '')
  const turns = turnsIn(folder)
  assert.equal(turns.mayTry(), false)
  clock.pass(1_999)
  assert.equal(turns.mayTry(), false)
  clock.pass(2)
  assert.equal(turns.mayTry(), false, 'it is taken away now')
  assert.equal(turns.mayTry(), true)
  assert.equal(existsSync(join(folder, stopped)), false)
})

test('a ticket is given time from when it is the oldest, not from when it was taken', () => {
  const folder = freshFolder()
  const [first, second, third] = [turnsIn(folder), turnsIn(folder), turnsIn(folder)]
  for (const turns of [first, second, third]) turns.queueUp()
  assert.equal(third.mayTry(), false)
  clock.pass(1_500)
  first.leave()
  assert.equal(third.mayTry(), false)
  clock.pass(1_500)
  assert.equal(third.mayTry(), false)
  assert.equal(second.mayTry(), true)
})

test('a writer whose ticket was taken away stands at the end', () => {
  const folder = freshFolder()
  const [slow, other] = [turnsIn(folder), turnsIn(folder)]
  slow.queueUp()
  other.queueUp()
  rmSync(join(folder, readdirSync(folder).sort()[0] ?? ''))
  assert.equal(slow.mayTry(), false)
  assert.equal(other.mayTry(), true)
  other.leave()
  assert.equal(slow.mayTry(), true)
})

test('where no ticket can be had, writers compete without manners instead of failing', () => {
  const file = freshFolder()
  writeFileSync(file, 'no folder')
  const turns = turnsIn(file)
  assert.equal(turns.mayTry(), true)
  turns.queueUp()
  assert.equal(turns.mayTry(), true)
  turns.leave()
})

test('no writer that waits is passed by more than every other one, whoever is the luckiest', () => {
  const luckiest = fc.array(fc.nat(4), { minLength: 150, maxLength: 150 })
  const isLocked = fc.array(fc.boolean(), { minLength: 150, maxLength: 150 })
  fc.assert(
    fc.property(luckiest, isLocked, (order, locked) => {
      const folder = freshFolder()
      const writers = order.map(() => turnsIn(folder)).slice(0, 5)
      const passes = new Map<Turns, number>()
      for (const [step, i] of order.entries()) {
        const writer = writers[i] ?? assert.fail()
        if (!writer.mayTry()) {
          if (!passes.has(writer)) passes.set(writer, 0)
        } else if (locked[step]) {
          // The lock is somebody else's at that moment: SQLite turns the writer away.
          writer.queueUp()
          if (!passes.has(writer)) passes.set(writer, 0)
        } else {
          writer.leave()
          passes.delete(writer)
          for (const [waiting, passed] of passes) passes.set(waiting, passed + 1)
        }
        for (const passed of passes.values()) assert.ok(passed <= 4)
      }
    }),
    { numRuns: 40 },
  )
})

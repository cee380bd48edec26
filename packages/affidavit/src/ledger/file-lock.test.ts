import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { underLock } from './file-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-lock-'))
after(() => rmSync(root, { recursive: true, force: true }))

let locks = 0
const freshLock = (): string => join(root, `${locks++}.lock`)

/** A process of this host that is no more. */
const gone = await new Promise<number | undefined>((resolve) => {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  child.on('close', () => resolve(child.pid))
})

const theirs = (pid: unknown, host: string = hostname()): string => `${host} ${pid} 0123456789ab\n`

/** Whoever wants the lock waits until it is taken away, over many turns of the event loop. */
async function assertWaits(path: string): Promise<void> {
  let state: 'waiting' | 'held' = 'waiting'
  const held = underLock(path, async () => {
    state = 'held'
  })
  for (let turns = 0; turns < 40; turns++) {
    await delay(1)
    assert.equal(state, 'waiting')
  }
  rmSync(path)
  await held
  assert.equal(state, 'held')
}

test('the work of many is done one after the other, and nothing is left', async () => {
  const path = freshLock()
  let inside = 0
  let done = 0
  const work = async (): Promise<void> => {
    assert.equal(++inside, 1)
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${hostname()} ${process.pid} [0-9a-f]{12}\n$`))
    await delay(1)
    inside--
    done++
  }
  await Promise.all(Array.from({ length: 12 }, () => underLock(path, work)))
  assert.equal(done, 12)
  assert.deepEqual(readdirSync(root), [])
})

test('work that fails gives the lock back, and its own error', async () => {
  const path = freshLock()
  const failure = new Error('the disk is full')
  await assert.rejects(
    underLock(path, () => Promise.reject(failure)),
    failure,
  )
  assert.ok(!existsSync(path))
})

test('a lock that somebody holds is waited for: the work under it may take as long as it takes', () =>
  assertWaits(heldBy(theirs(process.pid))))

test('a pid of another host says nothing: it may be alive there', () => assertWaits(heldBy(theirs(gone, 'elsewhere'))))

test('what the file system says of the time decides nothing', () => {
  const path = heldBy(theirs(process.pid))
  utimesSync(path, 0, 0)
  return assertWaits(path)
})

test('a signature of another form is somebody’s all the same', async () => {
  for (const signature of ['x', `${hostname()}\n`, theirs('no pid'), theirs(-1), theirs(0), theirs(-4_000_000)]) {
    await assertWaits(heldBy(signature))
  }
})

function heldBy(signature: string): string {
  const path = freshLock()
  writeFileSync(path, signature)
  return path
}

test('the lock of a process of this host that is gone is taken over at once, by one of those who wait', async () => {
  for (let round = 0; round < 10; round++) {
    const path = heldBy(theirs(gone))
    let inside = 0
    const work = async (): Promise<void> => {
      assert.equal(++inside, 1)
      await new Promise(setImmediate)
      inside--
    }
    await Promise.all(Array.from({ length: 8 }, () => underLock(path, work)))
    assert.deepEqual(readdirSync(root), [])
  }
})

test('whoever died while he took a lock away holds nobody up', async () => {
  const path = heldBy(theirs(gone))
  writeFileSync(`${path}.taking`, theirs(gone))
  await underLock(path, async () => undefined)
  assert.deepEqual(readdirSync(root), [])
})

test('a lock that was taken away meanwhile is another’s, and is left to him', async () => {
  const path = freshLock()
  await underLock(path, async () => writeFileSync(path, theirs(process.pid)))
  assert.equal(readFileSync(path, 'utf8'), theirs(process.pid))
  rmSync(path)
})

test('a folder that is not there is an error, not a lock to wait for', async () => {
  const work = (): Promise<void> => assert.fail('without a lock')
  await assert.rejects(underLock(join(root, 'nowhere', 'a.lock'), work), { code: 'ENOENT' })
})

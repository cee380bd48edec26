import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import { faultyFolder } from '../testing/faulty-folder.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { listedKeys } from '../testing/listed-keys.ts'
import { objectStoreContract } from '../testing/object-store-contract.ts'
import { type WriteFault, writeFaults } from '../testing/write-faults.ts'
import { folderStore } from './folder.ts'

// Every write is broken in every way, and each is synced many times: in memory that costs nothing.
const memory = '/dev/shm'
const quick = process.env.TMPDIR === undefined && existsSync(memory) ? memory : tmpdir()
const root = mkdtempSync(join(quick, 'affidavit-archive-'))
after(() => rmSync(root, { recursive: true, force: true }))

const DAY = 86_400_000

let folders = 0
function freshFolder(): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  return folder
}

objectStoreContract('a folder', async () => {
  const [folder, clock] = [freshFolder(), fixedClock()]
  return {
    open: () => folderStore(folder, clock),
    proof: 'none',
    locks: true,
    now: clock.now,
    pass: clock.pass,
    cleanup: async () => rmSync(folder, { recursive: true }),
  }
})

describe('a folder of objects', () => {
  const clock = fixedClock()

  test('that is not there is no empty one', async () => {
    const folder = join(freshFolder(), 'not-mounted')
    const store = folderStore(folder, clock)
    const refused = refusal('archive-unavailable', /not-mounted.*mount/)
    await assert.rejects(store.put('a/b', Buffer.from('x')), refused)
    await assert.rejects(store.get('a/b'), refused)
    await assert.rejects(store.stat('a/b'), refused)
    await assert.rejects(listedKeys(store), refused)
    await assert.rejects(store.delete('a/b'), refused)
    await assert.rejects(store.extendLock('a/b', clock.now() + DAY), refused)
    await assert.rejects(store.lockProof(), refused)
    assert.ok(!existsSync(folder))
  })

  test('is for its owner alone, and no file is opened for writing again', async () => {
    const folder = freshFolder()
    await folderStore(folder, clock).put('a/b', Buffer.from('x'), clock.now() + DAY)
    assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(join(folder, 'a')).sort(), ['.b.locked-until', 'b'])
    for (const name of ['.b.locked-until', 'b']) assert.equal(statSync(join(folder, 'a', name)).mode & 0o777, 0o400)
  })

  test('says why its lock is no proof, and names no file of others', async () => {
    const folder = freshFolder()
    const store = folderStore(folder, clock)
    writeFileSync(join(folder, 'Notes of somebody.txt'), 'x')
    assert.deepEqual(await listedKeys(store), [])
    assert.match(JSON.stringify(await store.lockProof()), /whoever owns it can delete from it/)
  })

  test('with a lock that cannot be read deletes nothing', async () => {
    const folder = freshFolder()
    const store = folderStore(folder, clock)
    await store.put('a/b', Buffer.from('x'), clock.now() + DAY)
    for (const text of ['', 'soon\n', '2027-01-01T00:00:00.000Z']) {
      rmSync(join(folder, 'a/.b.locked-until'))
      writeFileSync(join(folder, 'a/.b.locked-until'), text)
      await assert.rejects(store.delete('a/b'), refusal('archive-unavailable', /locked-until holds no instant/))
      await assert.rejects(store.stat('a/b'), refusal('archive-unavailable', /locked-until holds no instant/))
    }
    assert.equal(readFileSync(join(folder, 'a/b'), 'utf8'), 'x')
  })

  test('loses what a killed process left half-written, and nothing that a process writes now', async () => {
    const folder = freshFolder()
    mkdirSync(join(folder, 'a'))
    const dead = spawnSync(process.execPath, ['--eval', '']).pid
    const drafts = [dead, process.ppid].flatMap((pid) => [`.b.${pid}-0123456789ab.tmp`, `.c.${pid}-0123456789ab.tmp`])
    for (const name of drafts) writeFileSync(join(folder, 'a', name), 'half')
    await folderStore(folder, clock).put('a/b', Buffer.from('x'))
    assert.deepEqual(readdirSync(join(folder, 'a')).sort(), [...drafts.slice(1), 'b'].sort())
  })

  test('has an object synced before it has its name, and every name before a put resolves', async () => {
    const folder = freshFolder()
    const [store, faults] = [folderStore(folder, clock), writeFaults(new Map())]
    const watched = folderStore(folder, clock, faultyFolder(faults))
    await watched.put('a/b', Buffer.from('x'))
    assert.deepEqual(faults.seen, [
      ...['makeFolder', 'create', 'write', 'sync', 'link', 'remove'],
      // Of `a` and of what `a` is in.
      ...['syncFolder', 'syncFolder'],
    ])
    // What is found may be of a process that died before it was durable.
    await store.put('a/c', Buffer.from('y'))
    await watched.put('a/c', Buffer.from('y'), clock.now() + DAY)
    assert.deepEqual(faults.seen.slice(8), [
      ...['syncFolder', 'syncFolder', 'create', 'write', 'sync', 'rename', 'remove', 'syncFolder'],
    ])
  })

  test('keeps what somebody else put first, also where that was a moment ago', async () => {
    const folder = freshFolder()
    const files = faultyFolder(writeFaults(new Map()), (name) => {
      if (name === 'link') writeFileSync(join(folder, 'b'), 'theirs', { flag: 'a' })
    })
    await assert.rejects(folderStore(folder, clock, files).put('b', Buffer.from('ours')), refusal('object-exists'))
    assert.equal(readFileSync(join(folder, 'b'), 'utf8'), 'theirs')
  })
})

describe('when a write of a folder fails', () => {
  const clock = fixedClock()
  const [bytes, until] = [Buffer.from('the bytes of a segment'), clock.now() + DAY]

  const works: readonly [name: string, before: 'empty' | 'kept' | 'deletable', work: Work][] = [
    ['a put', 'empty', (store) => store.put('a/b/c', bytes, until)],
    ['a put again', 'kept', (store) => store.put('a/b/c', bytes, until + DAY)],
    ['a longer lock', 'kept', (store) => store.extendLock('a/b/c', until + DAY)],
    ['a deletion', 'deletable', (store) => store.delete('a/b/c')],
  ]
  type Work = (store: ReturnType<typeof folderStore>) => Promise<void>

  for (const [name, before, work] of works) {
    test(`${name}: at no write does a part of an object show, nor one without its lock; doing it again finishes`, async () => {
      const writes = await countWrites(before, work)
      assert.ok(writes >= 3, String(writes))
      for (let broken = 0; broken < writes; broken++) {
        for (const fault of FAULTS) {
          const folder = await prepared(before)
          const files = faultyFolder(writeFaults(new Map([[broken, fault]]), killed))
          const failed = await work(folderStore(folder, clock, files)).then(() => false, isWorlds)
          const store = folderStore(folder, clock)
          await holdsWhole(store, before)
          // Who is told that it is done finds it done.
          if (!failed) await holds(store, name)
          await work(store)
          await holds(store, name)
          rmSync(folder, { recursive: true })
        }
      }
    })
  }

  const FAULTS: readonly WriteFault[] = [
    'not-persisted',
    'persisted-but-reported-failed',
    'half-persisted',
    'killed-before',
    'killed-after',
  ]

  async function prepared(before: 'empty' | 'kept' | 'deletable'): Promise<string> {
    const folder = freshFolder()
    const then = fixedClock(clock.now() - DAY)
    if (before !== 'empty')
      await folderStore(folder, then).put('a/b/c', bytes, before === 'kept' ? until : clock.now() - 1)
    return folder
  }

  async function countWrites(before: 'empty' | 'kept' | 'deletable', work: Work): Promise<number> {
    const faults = writeFaults(new Map())
    await work(folderStore(await prepared(before), clock, faultyFolder(faults)))
    return faults.seen.length
  }

  function killed(): never {
    throw new Error('killed')
  }

  function isWorlds(error: unknown): boolean {
    return refusal('archive-unavailable')(error)
  }

  async function holdsWhole(store: ReturnType<typeof folderStore>, before: string): Promise<void> {
    const [got, found] = [await store.get('a/b/c'), await store.stat('a/b/c')]
    if (got === undefined) return assert.notEqual(before, 'kept')
    assert.deepEqual(Buffer.from(got), bytes)
    assert.deepEqual(await listedKeys(store), ['a/b/c'])
    if (before !== 'deletable') assert.ok((found?.locked_until ?? 0) >= until)
  }

  async function holds(store: ReturnType<typeof folderStore>, name: string): Promise<void> {
    const found = await store.stat('a/b/c')
    const ends = { 'a put': until, 'a put again': until + DAY, 'a longer lock': until + DAY, 'a deletion': undefined }
    assert.equal(found?.locked_until, ends[name as keyof typeof ends])
    assert.equal(found === undefined, name === 'a deletion')
  }
})

function refusal(code: string, told = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, told)
    return true
  }
}

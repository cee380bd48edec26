// Disks that fail: full, read-only, I/O errors and failed syncs, and the power gone. Where the tool or the right for it
// is missing, the test says so in one line.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'

import { databaseFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import { diskDraft } from './disk-draft.ts'
import { inspectCheckpointLog, inspectLedger } from './oracle/naive-ledger.ts'
import { hasStrace, type Straced, straced } from './strace.ts'

const SOAK = process.env.AFFIDAVIT_SOAK === '1'
const root = mkdtempSync(join(tmpdir(), 'affidavit-disk-'))
after(() => rmSync(root, { recursive: true, force: true }))

const template = join(root, 'template')
await initLedger(template, { origin: 'disk.example/agents' })

let copies = 0
function freshFolder(): string {
  const folder = join(root, `copy-${copies++}`)
  cpSync(template, folder, { recursive: true })
  return folder
}

/** Mounts a file system in memory, of `size`, or says why not. */
function mounted(t: TestContext, size: string): string | undefined {
  const folder = join(root, `disk-${copies++}`)
  mkdirSync(folder)
  if (process.getuid?.() === 0 && mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)) {
    t.after(() => spawnSync('umount', ['--lazy', folder]))
    return folder
  }
  t.skip('needs the right to mount a tmpfs')
  return undefined
}

function mount(...args: readonly string[]): boolean {
  return spawnSync('mount', args).status === 0
}

const big = (i: number) =>
  ({
    id: `01a1fc50-5200-7000-8000-${String(i).padStart(12, '0')}`,
    action: 'tool_invoked',
    actor_id: 'agent-1',
    actor_type: 'agent',
    details: { filler: 'x'.repeat(20_000) },
  }) as const

test('a disk that runs full loses nothing acknowledged, and the ledger goes on when there is room', async (t) => {
  const disk = mounted(t, '3m')
  if (disk === undefined) return
  const folder = join(disk, 'ledger')
  await initLedger(folder, { origin: 'full.example/agents' })
  const kept = new Map<string, number>()
  const failures = new Set<string>()
  const ledger = await openFolder(folder)
  for (let i = 0; i < 300; i++) {
    try {
      kept.set(big(i).id, (await ledger.append(big(i))).seq)
    } catch (error) {
      assert.ok(error instanceof LedgerError, String(error))
      failures.add(error.code)
    }
  }
  await ledger.close().catch((error: unknown) => assert.ok(error instanceof LedgerError, String(error)))
  assert.ok(kept.size > 10 && kept.size < 300, 'the disk ran full')
  for (const code of failures) assert.ok(['not-committed', 'outcome-unknown'].includes(code), code)

  assert.ok(mount('-o', 'remount,size=64m', disk))
  await using again = await openFolder(folder)
  for (let i = 0; i < 300; i++) {
    const { state, seq } = await again.append(big(i))
    if (kept.has(big(i).id)) assert.deepEqual({ state, seq }, { state: 'duplicate', seq: kept.get(big(i).id) })
  }
  await again.publish()
  assert.equal(inspectLedger(databaseFile(folder)).entries.length, 301)
})

test('on a disk that cannot be written no ledger is opened, in plain words, and verifying works', async (t) => {
  const disk = mounted(t, '8m')
  if (disk === undefined) return
  const folder = join(disk, 'ledger')
  await initLedger(folder, { origin: 'readonly.example/agents' })
  const before = await openFolder(folder)
  await before.append(big(1))
  await before.close()
  assert.ok(mount('-o', 'remount,ro', disk))
  await assert.rejects(openFolder(folder), { code: 'store-unavailable' })
  const report = await verifySqlite(databaseFile(folder), { trust: { kind: 'first use' }, anchors: [], threads: 0 })
  assert.deepEqual([report.findings, report.records_checked], [[], 2])
})

describe('system calls that fail', { concurrency: 2, skip: !hasStrace() && 'needs strace' }, () => {
  const RECORDS = 6

  /** Positions to break, of `count` calls: all in a soak, else a few, the first and the last among them. */
  function positions(count: number): number[] {
    const few = SOAK ? count : 3
    if (count <= few) return Array.from({ length: count }, (_, i) => i + 1)
    return Array.from({ length: few }, (_, i) => 1 + Math.round((i * (count - 1)) / (few - 1)))
  }

  const DATABASE = (folder: string) => [databaseFile(folder), `${databaseFile(folder)}-wal`]
  const LOG = (folder: string) => [join(folder, 'checkpoints', 'checkpoints.log')]

  // Each is called by one thread.
  const WATCHED = [
    { call: 'fsync,fdatasync', of: 'the database', paths: DATABASE },
    { call: 'fsync,fdatasync', of: 'the checkpoint log', paths: LOG },
    { call: 'pwrite64', of: 'the database', paths: DATABASE },
    { call: 'write', of: 'the checkpoint log', paths: LOG },
    {
      call: 'ftruncate',
      of: 'the database and the checkpoint log',
      paths: (folder: string) => [...DATABASE(folder), ...LOG(folder)],
    },
  ]

  for (const { call, of, paths } of WATCHED) {
    const run = (folder: string, injection?: string): Promise<Straced> => {
      const watched = [...paths(folder).flatMap((path) => ['-P', path]), '-e', `trace=${call}`]
      const options = injection === undefined ? watched : [...watched, '-e', `inject=${injection}`]
      return straced(`${folder}.strace`, options, 'disk-child.ts', [folder, String(RECORDS)])
    }
    test(`${call} of ${of}: each of a sample, once, from then on, and as a kill`, async (t) => {
      const { calls } = await run(freshFolder())
      const last = call === 'pwrite64' ? ['error=ENOSPC'] : []
      for (const at of positions(calls.length)) {
        for (const fault of ['error=EIO', ...last, 'signal=KILL']) {
          for (const when of fault === 'signal=KILL' ? [`${at}`] : [`${at}`, `${at}+`]) {
            const broken = (folder: string) => run(folder, `${call}:${fault}:when=${when}`)
            await judge(`${call} ${fault} when=${when}`, broken)
          }
        }
      }
      t.diagnostic(`${calls.length} calls`)
    })
  }

  async function judge(what: string, broken: (folder: string) => Promise<Straced>): Promise<void> {
    const folder = freshFolder()
    const { told, end, stderr, calls } = await broken(folder)
    assert.ok(end === '0' || end === 'SIGKILL' || end === '137', `${what}: ended with ${end}: ${stderr}`)
    assert.ok(end !== '0' || calls.some((line) => line.endsWith('(INJECTED)')), `${what}: nothing was broken`)
    const before = inspectLedger(databaseFile(folder))
    inspectTold(what, told, before)
    await appendAll(folder)
    const after = inspectLedger(databaseFile(folder))
    inspectTold(what, told, after)
    assert.equal(after.entries.length, 1 + RECORDS, what)
    inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), after)
  }

  // The same records again, by the normal path, on a disk that works again.
  async function appendAll(folder: string): Promise<void> {
    await using ledger = await openFolder(folder)
    for (let i = 0; i < RECORDS; i++) await ledger.append(diskDraft(i))
  }

  function inspectTold(what: string, told: readonly unknown[], ledger: ReturnType<typeof inspectLedger>): void {
    for (const one of told) {
      const { id, seq, integrity_hash } = Object(one)
      if (id === undefined) continue
      const entry = ledger.entries[seq]
      assert.deepEqual(
        [entry?.members.get('id'), entry?.hash],
        [id, integrity_hash],
        `${what}: kept what it acknowledged`,
      )
    }
  }

  test('what a killed process wrote but never synced is synced before it is acknowledged', async () => {
    const folder = freshFolder()
    const wal = `${databaseFile(folder)}-wal`
    // The first sync of the WAL is for its header, the second for the first commit.
    const kill = ['-P', wal, '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:signal=KILL:when=2']
    await straced(`${folder}.strace`, kill, 'disk-child.ts', [folder, '1'])
    // Nobody else opens the file in between: closing it again would sync it.
    const watch = ['-e', 'trace=fsync,fdatasync,write', '-s', '100']
    const { told, calls } = await straced(`${folder}.strace`, watch, 'disk-child.ts', [folder, '1'])
    assert.equal(Object(told[0]).state, 'duplicate', 'the next process sees what was not synced')
    const synced = calls.findIndex((line) => /^f(data)?sync\(\d+<[^>]*ledger\.db-wal>\)/.test(line))
    const acknowledged = calls.findIndex((line) => /^write\(1<.*duplicate/.test(line))
    assert.ok(synced >= 0 && synced < acknowledged, calls.join('\n'))
  })
})

describe('the power goes: the WAL ends anywhere', () => {
  interface Commit {
    /** Entries that are acknowledged now, and how long the WAL is that was synced for them. */
    readonly entries: number
    readonly wal: number
  }

  /** A ledger in the middle of its work: every acknowledged commit is in the WAL, none in the database yet. */
  async function atWork(): Promise<{ folder: string; commits: readonly Commit[]; database: Buffer; wal: Buffer }> {
    const folder = freshFolder()
    const file = databaseFile(folder)
    const never = 3_600_000
    await using ledger = await openFolder(folder, { publish: { intervalMillis: never, heartbeatMillis: never } })
    const commits: Commit[] = [{ entries: 1, wal: 0 }]
    for (let i = 0, next = 0; i < 8; i++) {
      const batch = Array.from({ length: 1 + (i % 4) }, () => ledger.append(diskDraft(next++)))
      await Promise.all(batch)
      commits.push({ entries: 1 + next, wal: statSync(`${file}-wal`).size })
    }
    return { folder, commits, database: readFileSync(file), wal: readFileSync(`${file}-wal`) }
  }

  function lay(folder: string, database: Buffer, wal: Uint8Array): string {
    const file = databaseFile(folder)
    rmSync(`${file}-shm`, { force: true })
    writeFileSync(file, database)
    writeFileSync(`${file}-wal`, wal)
    return file
  }

  test('cut at any place, every commit whose frames are there is there, whole, and no other', async () => {
    const { commits, database, wal } = await atWork()
    const folder = freshFolder()
    const edges = commits.flatMap(({ wal: end }) => [end - 1, end, end + 1])
    const steps = Array.from({ length: Math.ceil(wal.length / 4096) }, (_, i) => i * 4096)
    for (const cut of [...edges, ...steps].filter((at) => at >= 0 && at <= wal.length)) {
      const { entries } = inspectLedger(lay(folder, database, wal.subarray(0, cut)))
      // The first append of a batch may have been committed by itself: it is in between, not acknowledged with the rest.
      const least = Math.max(...commits.filter((commit) => commit.wal <= cut).map((commit) => commit.entries))
      const most = Math.min(...commits.filter((commit) => commit.wal > cut).map((commit) => commit.entries - 1), 1e9)
      assert.ok(entries.length >= least, `cut at ${cut}: ${entries.length} of ${least}`)
      assert.ok(entries.length <= Math.max(least, most), `cut at ${cut}: ${entries.length}, more than was written`)
    }
  })

  test('sectors behind the last sync that never reached the disk take nothing acknowledged with them', async () => {
    const { commits, database, wal } = await atWork()
    const folder = freshFolder()
    const sectors = fc.array(fc.boolean(), { minLength: 24, maxLength: 24 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: commits.length - 1 }), sectors, (next, lost) => {
        const [synced, unsynced] = [commits[next - 1] ?? assert.fail(), commits[next] ?? assert.fail()]
        const torn = Buffer.from(wal.subarray(0, unsynced.wal))
        const count = Math.ceil((unsynced.wal - synced.wal) / 512)
        for (let i = 0; i < count; i++) {
          const at = synced.wal + i * 512
          if (lost[i % lost.length]) torn.fill(0, at, Math.min(at + 512, torn.length))
        }
        const { entries } = inspectLedger(lay(folder, database, torn))
        assert.ok(entries.length >= synced.entries && entries.length <= unsynced.entries)
      }),
      { numRuns: SOAK ? 5_000 : 150 },
    )
  })

  test('the ledger opens by the normal path, and what was lost unacknowledged can be handed in again', async () => {
    const { folder, commits, database, wal } = await atWork()
    const log = readFileSync(join(template, 'checkpoints', 'checkpoints.log'))
    for (const { entries, wal: end } of commits) {
      writeFileSync(join(folder, 'checkpoints', 'checkpoints.log'), log)
      lay(folder, database, wal.subarray(0, end + 100))
      await using ledger = await openFolder(folder)
      assert.equal((await ledger.health()).size, entries)
      const { seq } = await ledger.append(diskDraft(99))
      assert.equal(seq, entries)
    }
  })
})

// A disk of the server that is full, of the data and of the write-ahead log: what was told is so, and the store goes on when there is
// room again. On small file systems in memory, which only root may mount.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { missingForPostgres, type PostgresServer, startPostgres } from './postgres-server.ts'
import { type Told, withWorld } from './postgres-world.ts'

const missing =
  missingForPostgres() ?? (process.getuid?.() === 0 ? missingForMounts() : 'only root may mount a small file system')
if (missing !== undefined) test('full disks of PostgreSQL', { skip: missing })
else
  describe('full disks of PostgreSQL', () => {
    let server: PostgresServer
    const mounted: string[] = []
    before(async () => {
      server = await startPostgres(['min_wal_size=32MB', 'max_wal_size=32MB', 'restart_after_crash=on'])
    })
    after(async () => {
      for (const path of mounted) spawnSync('umount', ['-l', path])
      await server.stop()
    })

    function smallDisk(name: string, megabytes: number): string {
      const path = join(dirname(server.folder), name)
      mkdirSync(path)
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path])
      mounted.push(path)
      const { uid, gid } = statSync(server.folder)
      const inside = join(path, 'inside')
      mkdirSync(inside, { mode: 0o700 })
      chownSync(inside, uid, gid)
      return inside
    }

    test('of the data: not committed, and recorded when there is room', async () => {
      const place = { server, database: await server.database() }
      const disk = smallDisk('data-disk', 4)
      await server.sql(place.database, `CREATE TABLESPACE small LOCATION '${disk}'`)
      await server.sql(place.database, 'ALTER TABLE affidavit.entries SET TABLESPACE small')
      await withWorld(place, {}, async (world) => {
        const ballast = fill(disk)
        assert.equal(await untilOther('recorded', world.append), 'not-committed')
        assert.equal(await world.append(), 'not-committed')
        rmSync(ballast)
        assert.equal(await world.append(), 'recorded')
        await world.judge()
      })
    })

    test('of the write-ahead log, which ends the server: what was told is so', async () => {
      const place = { server, database: await server.database() }
      const disk = smallDisk('wal-disk', 96)
      await server.kill('SIGINT')
      const log = join(server.folder, 'pg_wal')
      const moved = join(disk, 'pg_wal')
      execFileSync('cp', ['-a', log, moved])
      renameSync(log, `${log}.before`)
      symlinkSync(moved, log)
      await server.start()
      await withWorld(place, {}, async (world) => {
        const ballast = fill(disk)
        const told = await untilOther('recorded', async () => {
          await server.sql('postgres', 'SELECT pg_switch_wal()').catch(() => undefined)
          return world.append(500)
        })
        assert.notEqual(told, 'recorded')
        rmSync(ballast)
        await server.kill('SIGQUIT')
        await server.start()
        await world.judge()
      })
    })
  })

function missingForMounts(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'affidavit-mount-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', path])
  if (status === 0) spawnSync('umount', [path])
  rmSync(path, { recursive: true })
  return status === 0 ? undefined : 'this root may mount nothing'
}

/** Fills a disk to the last byte. */
function fill(disk: string): string {
  const path = join(dirname(disk), 'ballast')
  const file = openSync(path, 'w')
  try {
    for (let bytes = 65_536; bytes >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(bytes))
      } catch {
        bytes = Math.floor(bytes / 2)
      }
    }
  } finally {
    closeSync(file)
  }
  return path
}

/** The first answer of another kind. */
async function untilOther(usual: Told, ask: () => Promise<Told>): Promise<Told> {
  for (;;) {
    const told = await ask()
    if (told !== usual) return told
  }
}

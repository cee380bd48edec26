// A standby of a test's server: a copy that streams from it, and may take its place.

import { execFileSync } from 'node:child_process'
import { cpSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { makeServerFolder, type PostgresServer, serverIn } from './postgres-server.ts'

/** Copies a running server and starts the copy as its standby, with a slot of its name. */
export async function startStandby(primary: PostgresServer, name: string): Promise<PostgresServer> {
  const folder = makeServerFolder()
  const data = join(folder, 'data')
  await primary.sql('postgres', `SELECT pg_create_physical_replication_slot('${name}', true)`)
  writeFileSync(join(data, 'backup_label'), await copyRunning(primary, data))
  writeFileSync(join(data, 'standby.signal'), '')
  const { uid, gid } = statSync(data)
  execFileSync('chown', ['-R', `${uid}:${gid}`, data])
  const from = `host=127.0.0.1 port=${primary.port} user=super application_name=${name}`
  const standby = await serverIn(folder, [`primary_conninfo=${from}`, `primary_slot_name=${name}`], primary.bin)
  await standby.start()
  return standby
}

/**
 * What pg_basebackup does, which is not among the programs that npm brings.
 * @returns the label that tells the copy where to begin
 */
async function copyRunning(primary: PostgresServer, data: string): Promise<string> {
  const pool = primary.pool('postgres', 'super')
  const session = await pool.connect()
  try {
    await session.query("SELECT pg_backup_start('standby', true)")
    cpSync(primary.folder, data, { recursive: true, filter: (path) => isCopied(path) })
    const { rows } = await session.query('SELECT labelfile FROM pg_backup_stop(false)')
    return rows[0].labelfile
  } finally {
    session.release()
    await pool.end()
  }
}

// The socket and the locks of the running server, what is streamed, and caches, which are replaced while they are copied.
function isCopied(path: string): boolean {
  if (/^(postmaster\.|\.s\.PGSQL\.|pg_internal\.init|standby\.signal)/.test(basename(path))) return false
  return !['pg_wal', 'pg_replslot'].includes(basename(dirname(path)))
}
/** Has each commit of the primary wait for a standby, and waits until that one keeps up. */
export async function makeSynchronous(primary: PostgresServer, name: string): Promise<void> {
  await primary.sql('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${name}'`)
  await primary.sql('postgres', 'SELECT pg_reload_conf()')
  await untilTrue(
    primary,
    `SELECT sync_state = 'sync' AS is FROM pg_stat_replication WHERE application_name = '${name}'`,
  )
}

/** Resolves when the standby takes writes. */
export async function promote(standby: PostgresServer): Promise<void> {
  await standby.sql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names')
  await standby.sql('postgres', 'SELECT pg_reload_conf(), pg_promote()')
  await untilTrue(standby, 'SELECT NOT pg_is_in_recovery() AS is')
}

/** Resolves when the first row of the answer says so. */
export async function untilTrue(server: PostgresServer, question: string): Promise<void> {
  for (;;) {
    const { rows } = await server.sql('postgres', question)
    if (rows[0]?.is === true) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

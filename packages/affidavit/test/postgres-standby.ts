// A standby of a test's server: a copy that streams from it, and may take its place.

import { join } from 'node:path'

import { makeServerFolder, type PostgresServer, runAsServer, serverIn } from './postgres-server.ts'

/** Copies a running server and starts the copy as its standby, with a slot of its name. */
export async function startStandby(primary: PostgresServer, name: string): Promise<PostgresServer> {
  const folder = makeServerFolder()
  const from = `host=127.0.0.1 port=${primary.port} user=super application_name=${name}`
  const how = ['--checkpoint=fast', '--no-sync', '-R', '-C', '-S', name, '-X', 'stream', '-d', from]
  runAsServer(folder, 'pg_basebackup', [...how, '-D', join(folder, 'data')])
  const standby = await serverIn(folder, [])
  await standby.start()
  return standby
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

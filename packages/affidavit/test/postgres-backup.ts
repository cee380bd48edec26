// Backups of a test's databases with PostgreSQL's own programs, and a server without anything to bring them back to.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { postgresBinaries } from './postgres-binaries.ts'
import { makeServerFolder, missingForPostgres, type PostgresServer, runAsServer, serverIn } from './postgres-server.ts'

/** Why no backup can be taken here; `undefined` where one can. */
export function missingForBackups(): string | undefined {
  const missing = missingForPostgres()
  if (missing !== undefined || existsSync(programOf('pg_restore'))) return missing
  return 'pg_dump, pg_restore and pg_basebackup are not installed; AFFIDAVIT_TEST_INSTALL=1 lets the tests install PostgreSQL'
}

function programOf(name: string): string {
  return join(postgresBinaries() ?? '', name)
}

/** A server that runs, with a superuser and nothing else: no role, no database of ours. */
export async function startEmptyServer(): Promise<PostgresServer> {
  const folder = makeServerFolder()
  const options = ['-A', 'trust', '-U', 'super', '-N', '-E', 'UTF8', '--locale=C']
  runAsServer(folder, programOf('initdb'), [...options, '-D', join(folder, 'data')])
  const server = await serverIn(folder, [], postgresBinaries() ?? '')
  await server.start()
  return server
}

/** A copy of all that a server holds, taken while it runs; not started yet. */
export async function baseBackup(of: PostgresServer): Promise<PostgresServer> {
  const folder = makeServerFolder()
  const from = `host=127.0.0.1 port=${of.port} user=super`
  const how = ['--checkpoint=fast', '--no-sync', '-X', 'stream', '-d', from]
  runAsServer(folder, programOf('pg_basebackup'), [...how, '-D', join(folder, 'data')])
  return serverIn(folder, [], of.bin)
}

/** A folder of backups, as an operator's. */
export interface Backups {
  /** Runs a program of PostgreSQL's with file names of this folder. @throws where it fails, with what it said */
  run(program: string, ...args: readonly string[]): void
  remove(): void
}

export function makeBackups(): Backups {
  const folder = makeServerFolder()
  return {
    run: (program, ...args) => runAsServer(folder, programOf(program), args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

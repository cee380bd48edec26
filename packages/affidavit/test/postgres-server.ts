// A PostgreSQL server of a test's own, started and stopped with it. Also as root, where PostgreSQL refuses to run.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import pg from 'pg'

import { sha256Hex } from '../src/crypto/sha256.ts'
import { grantRole } from '../src/stores/postgres/grants.ts'
import { migrate } from '../src/stores/postgres/migrate.ts'
import { madeOnce } from './made-once.ts'
import { installedBinaries, postgresBinaries, versionOf } from './postgres-binaries.ts'

/** The role that owns the schema, and that of a server. */
export const OWNER = 'affidavit_owner'
export const SERVER = 'affidavit_server'

export interface PostgresServer {
  /** The folder of its programs. */
  readonly bin: string
  readonly port: number
  readonly folder: string
  /** For anybody who is let in: nobody needs a password here. */
  url(database: string, role?: string): string
  pool(database: string, role?: string): pg.Pool
  /** A database that was migrated, where the server's role is a writer. */
  database(): Promise<string>
  /** As the superuser. */
  sql(database: string, text: string): Promise<pg.QueryResult>
  kill(signal: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** Why no server can be started here; `undefined` where one can. What was asked for and is not there is an error. */
export function missingForPostgres(): string | undefined {
  const mayInstall = process.env.AFFIDAVIT_TEST_INSTALL === '1' && process.env.AFFIDAVIT_TEST_POSTGRES === undefined
  if (mayInstall && installedBinaries().length === 0) install()
  if (postgresBinaries() !== undefined) return undefined
  return 'PostgreSQL 15 or newer is not installed, and npm brings none for this system; AFFIDAVIT_TEST_INSTALL=1 lets the tests install it'
}

function install(): void {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  for (const words of [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', 'postgresql'],
  ]) {
    const [program = '', ...args] = [...sudo, ...words]
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    if (spawnSync(program, args, { env, stdio: 'ignore', timeout: 300_000 }).status !== 0) return
  }
}

/** Changes a setting of a server that runs; the postmaster takes a moment to hand it on. */
export async function changeSetting(server: PostgresServer, name: string, value: string): Promise<void> {
  await server.sql('postgres', `ALTER SYSTEM SET ${name} = '${value}'`)
  await server.sql('postgres', 'SELECT pg_reload_conf()')
  for (let shown: unknown; shown !== value; ) [{ [name]: shown }] = (await server.sql('postgres', `SHOW ${name}`)).rows
}

/**
 * @param settings lines of postgresql.conf
 * @param bin the folder of its programs
 */
export async function startPostgres(
  settings: readonly string[] = [],
  bin: string = postgresBinaries() ?? '',
): Promise<PostgresServer> {
  const folder = makeServerFolder()
  const name = `postgres-${sha256Hex(versionOf(bin)).slice(0, 16)}`
  const prepared = await madeOnce(name, (place) => {
    makeData(place)
    return prepare(place, bin)
  })
  if (prepared === undefined) await prepare(folder, bin)
  else execFileSync('cp', ['-a', `${prepared}/data/.`, join(folder, 'data')])
  const server = await serverIn(folder, settings, bin)
  await server.start()
  return server
}

/** Makes data that has the roles, and the template of databases; no server runs on it then. */
async function prepare(folder: string, bin: string): Promise<void> {
  const how = ['-A', 'trust', '-U', 'super', '-N', '-E', 'UTF8', '--locale=C']
  runAsServer(folder, join(bin, 'initdb'), [...how, '-D', join(folder, 'data')])
  const server = await serverIn(folder, [], bin)
  await server.start()
  await server.sql('postgres', `CREATE ROLE ${OWNER} LOGIN; CREATE ROLE ${SERVER} LOGIN`)
  await server.sql('postgres', `CREATE DATABASE affidavit_template OWNER ${OWNER}`)
  const pool = server.pool('affidavit_template', OWNER)
  await migrate(pool)
  await grantRole(pool, SERVER, 'writer')
  await pool.end()
  await server.kill('SIGINT')
}

/** A folder for `data`, which belongs to whom PostgreSQL runs as. */
export function makeServerFolder(): string {
  const folder = mkdtempSync(join(quickFolder(), 'affidavit-pg-'))
  chmodSync(folder, 0o755)
  makeData(folder)
  return folder
}

function makeData(folder: string): void {
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  const user = unprivileged()
  if (user !== undefined) chownSync(data, user.uid, user.gid)
}

// A server syncs all of its files when it comes up after a kill. In memory that costs nothing, and no test of ours cuts the power.
function quickFolder(): string {
  const memory = '/dev/shm'
  if (process.env.TMPDIR !== undefined || !existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > ROOMY ? memory : tmpdir()
}

/** Enough for the servers of several test files at once. */
const ROOMY = 4 * 1024 ** 3

/** Runs one of PostgreSQL's programs as whom the server runs as, in its folder. @throws where it fails, with what it said */
export function runAsServer(folder: string, program: string, args: readonly string[]): void {
  const [first = '', ...words] = [...asServer(), program, ...args]
  const data = join(folder, 'data')
  execFileSync(first, words, {
    env: { ...process.env, HOME: data, LC_ALL: 'C' },
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

function asServer(): string[] {
  const user = unprivileged()
  if (user === undefined) return []
  // Whatever becomes of the test, its server ends with it.
  return ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--pdeathsig', 'KILL']
}

/** The server of a folder whose `data` was made; not started yet. */
export async function serverIn(folder: string, settings: readonly string[], bin: string): Promise<PostgresServer> {
  const data = join(folder, 'data')
  const port = await freePort()
  let child: ChildProcess | undefined
  let made = 0
  const pools: pg.Pool[] = []

  return {
    bin,
    port,
    folder: data,
    url,
    sql,
    kill,
    start,
    pool(database, role) {
      const pool = new pg.Pool({ connectionString: url(database, role), pipeline: true, max: 8 })
      // A server that was killed ends idle connections; whoever asks next is told.
      pool.on('error', () => undefined)
      pools.push(pool)
      return pool
    },
    async database() {
      const database = `test_${++made}`
      await sql('postgres', `CREATE DATABASE ${database} TEMPLATE affidavit_template`)
      return database
    },
    async stop() {
      await Promise.allSettled(pools.map((pool) => (pool.ended ? undefined : pool.end())))
      await kill('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }

  function url(database: string, role: string = SERVER): string {
    return `postgres://${role}@127.0.0.1:${port}/${database}`
  }

  async function sql(database: string, text: string): Promise<pg.QueryResult> {
    const client = new pg.Client({ connectionString: url(database, 'super') })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return await client.query(text)
    } finally {
      await client.end()
    }
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const running = child
    child = undefined
    // It may have ended by itself.
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    const others = childrenOf(running.pid)
    running.kill(signal)
    await ended
    // They notice, but not at once, and no server starts as long as one is there.
    for (const pid of others) while (existsSync(`/proc/${pid}/exe`)) await delay(5)
  }

  async function start(): Promise<void> {
    const log = openSync(join(folder, 'log'), 'a')
    const listening = ['-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1']
    const options = [...listening, ...settings.flatMap((line) => ['-c', line])]
    const [first = '', ...words] = [...asServer(), join(bin, 'postgres'), '-D', data, ...options]
    const env = { ...process.env, HOME: data, LC_ALL: 'C' }
    child = spawn(first, words, { env, cwd: data, stdio: ['ignore', log, log] })
    await untilReady(url('postgres', 'super'), () => readFileSync(join(folder, 'log'), 'utf8'))
  }
}

// PostgreSQL refuses to run as root: as its own user, else as nobody.
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const line = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  return { uid: Number(line?.[2]), gid: Number(line?.[3]) }
}

function childrenOf(pid: number | undefined): string[] {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean) : []
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function untilReady(url: string, log: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await answers(url)) return
    await delay(50)
  }
  throw new Error(`PostgreSQL did not start:\n${log()}`)
}

// pg_isready is not among the programs that npm brings.
async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

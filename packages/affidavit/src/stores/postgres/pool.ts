// Connections to PostgreSQL. The package pg is optional and loaded only here; a pool of an application's own making serves as well.

import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { PoolConfig } from 'pg'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { PgPool } from './database.ts'
import { passwordInFile } from './password-file.ts'
import { type LedgerUrl, type SslMode, sslModeOf } from './url.ts'

/**
 * A pool of connections as a ledger needs them. Nothing is asked of the server before it is used.
 * @param questions `short`: a server that does not answer within a minute is taken for lost. `long`: a verifier's may take hours.
 * @throws LedgerError `store-unavailable` where the optional package is missing; `invalid-query` where a file that the URL names
 *   cannot be read
 */
export async function openPool(url: LedgerUrl, questions: 'short' | 'long' = 'short'): Promise<PgPool> {
  const { host, port, database, user, parameters } = url
  const ssl = encryptionOf(sslModeOf(url), parameters)
  const { Pool } = await loadDriver()
  const pool = new Pool({
    host,
    port,
    database,
    ...(user === undefined ? {} : { user }),
    ...passwordOf(url),
    ...(parameters.options === undefined ? {} : { options: parameters.options }),
    ssl,
    application_name: parameters.application_name ?? 'affidavit',
    max: 8,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    ...(questions === 'long' ? {} : { query_timeout: 60_000 }),
  })
  // A server that goes away ends idle connections; whoever asks next is told.
  pool.on('error', () => undefined)
  return pool
}

// Where the URL and PGPASSWORD give none, the password file may: it is looked into when the server asks.
function passwordOf({ host, port, database, user, password }: LedgerUrl): Pick<PoolConfig, 'password'> {
  if (password !== undefined) return { password }
  if (process.env.PGPASSWORD !== undefined) return {}
  const who = user ?? process.env.PGUSER ?? process.env.USER ?? userInfo().username
  // An empty one is none, to the driver too, whose types want a text.
  return { password: () => passwordInFile({ host, port, database, user: who }) ?? '' }
}

interface Encryption {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly checkServerIdentity?: () => undefined
}

// As libpq has it: require asks for a certificate of nobody in particular, unless it is told whose.
function encryptionOf(mode: SslMode, { sslrootcert, sslcert, sslkey }: LedgerUrl['parameters']): false | Encryption {
  if (mode === 'disable') return false
  const files = {
    ...(sslrootcert === undefined ? {} : { ca: readPem('sslrootcert', sslrootcert) }),
    ...(sslcert === undefined ? {} : { cert: readPem('sslcert', sslcert) }),
    ...(sslkey === undefined ? {} : { key: readPem('sslkey', sslkey) }),
  }
  if (mode === 'verify-full') return { ...files, rejectUnauthorized: true }
  if (mode === 'require' && sslrootcert === undefined) return { ...files, rejectUnauthorized: false }
  return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
}

function readPem(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('invalid-query', {
      problem: `${parameter} of the URL cannot be read: ${said}`,
      cure: 'name a file with a certificate, or a key, in PEM',
      path: '--ledger',
      cause,
    })
  }
}

async function loadDriver(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new LedgerError('store-unavailable', {
      problem: 'a ledger in PostgreSQL needs the package pg',
      cure: 'npm install pg',
      cause,
    })
  }
}

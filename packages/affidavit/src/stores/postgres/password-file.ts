// The password file of libpq: PGPASSFILE, else ~/.pgpass. The driver's own support for it ends with its next version.

import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { LedgerError } from '../../errors/ledger-error.ts'

/** What a line of the file is for. */
export interface Connection {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/** Access of the group and of others. */
const OTHERS = 0o077

/**
 * The password that the file has for a connection: that of the first line which fits; `undefined` where there is no file, or no such line.
 * @throws LedgerError `store-unavailable` where others may read the file, or it cannot be read
 */
export function passwordInFile(connection: Connection, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const file = env.PGPASSFILE ?? join(env.HOME ?? homedir(), '.pgpass')
  const text = readOwn(file)
  const wanted = [connection.host, String(connection.port), connection.database, connection.user]
  for (const line of text?.split(/\r?\n/) ?? []) {
    const [password, ...fields] = fieldsOf(line).reverse()
    const named = fields.reverse()
    if (line.startsWith('#') || named.length !== wanted.length) continue
    if (named.every((field, i) => field === '*' || unescaped(field) === wanted[i])) return unescaped(password ?? '')
  }
  return undefined
}

function readOwn(file: string): string | undefined {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile()) return undefined
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) throw exposed(file)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    throw new LedgerError('store-unavailable', {
      problem: `the password file ${file} cannot be read`,
      cure: 'give this user the right to read it, or set PGPASSWORD',
      cause,
    })
  }
}

function exposed(file: string): LedgerError {
  return new LedgerError('store-unavailable', {
    problem: `the password file ${file} is open to other users; nothing was taken from it`,
    cure: `chmod 600 ${file}, and change what it holds where others may have read it`,
  })
}

// Four fields and the password, which may hold what would be a colon between fields.
function fieldsOf(line: string): string[] {
  const [, ...fields] =
    /^((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):(.*)$/s.exec(line) ?? []
  return fields
}

function unescaped(field: string): string {
  return field.replaceAll(/\\(.)/gs, '$1')
}

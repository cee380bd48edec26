// The URL of a ledger, or of a keyring, in PostgreSQL (spec/postgres.md §5, spec/vault.md §9): read strictly, and written without
// its password.

import { LedgerError } from '../../errors/ledger-error.ts'

/** What a URL names. A host that begins with `/` is the folder of a socket. */
export interface LedgerUrl {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user?: string
  readonly password?: string
  /** The NAME of the ledger, where several may lie in one database. */
  readonly ledger?: string
  /** How to connect, as it is written. */
  readonly parameters: Parameters
}

export type SslMode = (typeof SSL_MODES)[number]

type Parameters = { readonly [name in (typeof PARAMETERS)[number]]?: string }

// Weaker modes of libpq fall back to plain text, or to no check, without a word.
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const
const PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name', 'options'] as const

const SHAPE =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<host>\[[0-9a-f:.]+\]|[^:@/?#[\]]*)(?::(?<port>[0-9]{1,5}))?\/(?<database>[^@/?#]+)(?:\?(?<query>[^#]*))?$/i

/** Whether a text is meant as a URL, or as what libpq takes besides, and not as a folder, whose name may be shown. */
export function isUrl(text: string): boolean {
  return (
    /^["'\s]*[a-z][a-z0-9+.-]*:\/\//i.test(text) ||
    /^["'\s]*postgres(ql)?(:|\/\/)/i.test(text) ||
    /(^|\s)password\s*=/i.test(text)
  )
}

/** Whether a text, as far as it is a URL, gives a password. */
export function holdsPassword(text: string): boolean {
  return /^["'\s]*postgres(ql)?:?\/\/[^/@?]*:[^@?]*@/i.test(text)
}

/**
 * Reads a URL. What is wrong with it is said without showing it: it may hold a password.
 * @throws LedgerError `invalid-query`
 */
export function parseLedgerUrl(text: string): LedgerUrl {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? 'none'
  if (!/^postgres(ql)?$/.test(scheme))
    throw wrong(`the scheme of the URL is ${scheme}`, 'name a folder, or postgres://…')
  const { groups } = SHAPE.exec(text) ?? {}
  if (groups === undefined) throw wrong('this is no URL of a database in PostgreSQL', shapeCure)
  const { host: socket, ledger, ...parameters } = readQuery(groups.query ?? '')
  const host = socket ?? decode(groups.host ?? '', 'host').replace(/^\[|\]$/g, '')
  checkHost(host, groups.host !== '' && socket !== undefined)
  return {
    host,
    port: portOf(groups.port),
    database: decode(groups.database ?? '', 'database'),
    ...(groups.user ? { user: decode(groups.user, 'user') } : {}),
    ...(groups.password === undefined ? {} : { password: decode(groups.password, 'password') }),
    ...(ledger === undefined ? {} : { ledger }),
    parameters,
  }
}

/**
 * Reads the URL of a database with keyrings: it names no ledger, which is asked for by the NAME of the one that is opened.
 * @throws LedgerError `invalid-query`
 */
export function parseKeyringUrl(text: string): LedgerUrl {
  const url = ofKeyring(() => parseLedgerUrl(text))
  if (url.ledger === undefined) return url
  throw new LedgerError('invalid-query', {
    problem: `the URL of a keyring names the ledger ${url.ledger}`,
    cure: 'leave ledger= out: the keyring is that of the ledger which is opened',
    path: '--keyring',
  })
}

function ofKeyring<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    const { code, problem, cure } = error
    throw new LedgerError(code, { problem, ...(cure === undefined ? {} : { cure }), path: '--keyring' })
  }
}

/** The URL as it may be shown and kept: without its password. */
export function formatLedgerUrl({ host, port, database, user, ledger, parameters }: LedgerUrl): string {
  const who = user === undefined ? '' : `${encodeURIComponent(user)}@`
  const where = host.includes(':') ? `[${host}]` : encodeURIComponent(host)
  const named = Object.entries({ ledger, ...parameters }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value).replaceAll('%2F', '/')}`],
  )
  const query = named.length === 0 ? '' : `?${named.join('&')}`
  return `postgres://${who}${where}:${port}/${encodeURIComponent(database)}${query}`
}

/** How the connection is protected: where nothing is said and it leaves this machine, as well as can be. */
export function sslModeOf({ host, parameters }: LedgerUrl): SslMode {
  const said = SSL_MODES.find((mode) => mode === parameters.sslmode)
  return said ?? (isLocal(host) ? 'disable' : 'verify-full')
}

/** Whether a host is this machine: a socket, or an address of the loopback. */
export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

const shapeCure =
  'it looks like postgres://USER@HOST:5432/DATABASE, of a ledger with ?ledger=NAME; other characters than letters and digits in a part are written as %40'

interface Query extends Parameters {
  readonly host?: string
  readonly ledger?: string
}

function readQuery(query: string): Query {
  const read = new Map<string, string>()
  for (const pair of query === '' ? [] : query.split('&')) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [undefined, pair]
    if (!isKnown(name)) throw wrong(`the URL has an unknown parameter ${JSON.stringify(name)}`, knownCure)
    if (read.has(name)) throw wrong(`the URL has the parameter ${name} twice`, 'leave one out')
    if (value === '') throw wrong(`the parameter ${name} of the URL is empty`, 'give it a value, or leave it out')
    read.set(name, decode(value, name))
  }
  checkSslMode(read.get('sslmode'), read.has('sslrootcert'))
  return Object.fromEntries(read)
}

const KNOWN: readonly string[] = ['ledger', 'host', ...PARAMETERS]
const knownCure = `known are ${KNOWN.join(', ')}; a password is given by PGPASSWORD or PGPASSFILE`

function isKnown(name: string): boolean {
  return KNOWN.includes(name)
}

function checkSslMode(mode: string | undefined, isAuthorityNamed: boolean): void {
  // Any public authority has signed for somebody.
  if (mode === 'verify-ca' && !isAuthorityNamed)
    throw wrong('sslmode=verify-ca does not say which authority', 'add sslrootcert=FILE, or say verify-full')
  if (mode === undefined || SSL_MODES.some((one) => one === mode)) return
  throw wrong(`sslmode=${mode} is none that is known`, `say one of ${SSL_MODES.join(', ')}`)
}

function checkHost(host: string, isTwice: boolean): void {
  if (host === '') throw wrong('the URL names no host', 'name one, or a socket: ?host=/var/run/postgresql')
  if (isTwice) throw wrong('the URL names two hosts', 'leave one out')
  if (host.includes(',')) throw wrong('the URL names several hosts', 'name one: after a failover, the new primary')
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 5432)
  if (port > 0 && port < 65_536) return port
  throw wrong(`the URL has the port ${port}`, 'a port is a number from 1 to 65535')
}

function decode(text: string, part: string): string {
  try {
    const decoded = decodeURIComponent(text)
    if (!decoded.includes('\0')) return decoded
  } catch (error) {
    if (!(error instanceof URIError)) throw error
  }
  throw wrong(`the ${part} of the URL is not written as URLs are`, 'write % as %25')
}

function wrong(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path: '--ledger' })
}

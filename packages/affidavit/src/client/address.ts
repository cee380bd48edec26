// Where a server is, and which of its ledgers is meant (spec/client.md §1). Pure.

import { isIP } from 'node:net'

import { LedgerError } from '../errors/ledger-error.ts'

export interface Address {
  /** Scheme, host, port, and the path that a proxy puts before all others; without a slash at its end. */
  readonly base: string
  /** NAME, or NAME/INCARNATION; absent where the server has one for the token. */
  readonly ledger?: string
}

/** Whether a text names a server, as no folder and no database does. */
export function isServerUrl(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

const LEDGER_PATH = /^(.*)\/v1\/ledgers\/([^/]+)\/?$/

/** @throws LedgerError `invalid-query` where it names no server, or one that would have the token in the clear */
export function parseAddress(text: string): Address {
  const url = URL.parse(text)
  if (url === null || !isServerUrl(text)) throw unfit('this is no URL of a server')
  if (url.username !== '' || url.password !== '') throw unfit('a URL holds no credentials; they are { token }')
  if (url.search !== '' || url.hash !== '') throw unfit('a ledger has neither a query nor a fragment')
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw unfit(`${url.origin} would be sent the token in the clear; http is for this machine alone`)
  const [, prefix, name] = LEDGER_PATH.exec(url.pathname) ?? []
  const path = (prefix ?? url.pathname).replace(/\/+$/, '')
  if (/\/v1(\/|$)/.test(path)) throw unfit(`${url.pathname} is no path of a ledger`)
  const base = `${url.origin}${path}`
  return name === undefined ? { base } : { base, ledger: decoded(name) }
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIP(hostname) === 4 && hostname.startsWith('127.')
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch (cause) {
    throw unfit(`${name} is not percent-encoded`, cause)
  }
}

function unfit(problem: string, cause?: unknown): LedgerError {
  return new LedgerError('invalid-query', {
    problem,
    cure: 'name a ledger as https://HOST/v1/ledgers/NAME, with % for what is no letter, or a server as https://HOST',
    path: 'ledger',
    cause,
  })
}

// What a server says where it does not answer (RFC 9457; spec/http.md §2), in the words of the library. Pure.

import { ERROR_CODES, type ErrorCode, LedgerError } from '../errors/ledger-error.ts'

export interface Problem {
  readonly code: string
  readonly detail: string
  readonly cure?: string
  readonly path?: string
}

/** A problem document, read; `undefined` for anything else. */
export function readProblem(value: unknown): Problem | undefined {
  if (!isObject(value)) return undefined
  const { code, detail, cure, path } = value
  if (typeof code !== 'string' || typeof detail !== 'string') return undefined
  if (!isTextOrAbsent(cure) || !isTextOrAbsent(path)) return undefined
  return { code, detail, ...(cure === undefined ? {} : { cure }), ...(path === undefined ? {} : { path }) }
}

/** The error that a caller of the embedded ledger would have got; what only servers say is said of the server. */
export function errorOf({ code, detail, cure, path }: Problem): LedgerError {
  const more = { ...(cure === undefined ? {} : { cure }), ...(path === undefined ? {} : { path }) }
  if (isErrorCode(code)) return new LedgerError(code, { problem: detail, ...more })
  const ours = OURS[code]
  if (ours !== undefined) return new LedgerError(ours, { problem: detail, ...more })
  return new LedgerError('server-unavailable', { problem: `the server says ${code}: ${detail}`, ...more })
}

/** Codes of servers that have a name here. */
const OURS: Readonly<Record<string, ErrorCode | undefined>> = {
  'request-too-large': 'draft-too-large',
  'invalid-request': 'invalid-query',
}

/** Said by a server that certainly did nothing of what was asked. */
export const NOTHING_DONE: ReadonlySet<string> = new Set([
  'not-committed',
  'queue-full',
  'ledger-closed',
  'draining',
  'rate-limited',
])

/** Tried again later, it may go better. */
export function isPassing(code: string): boolean {
  return NOTHING_DONE.has(code) || PASSING.has(code)
}

const PASSING: ReadonlySet<string> = new Set([
  'outcome-unknown',
  'store-unavailable',
  'key-unavailable',
  'server-unavailable',
  'request-timeout',
  'bug',
])

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

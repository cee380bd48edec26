// What is not answered is a problem (RFC 9457; spec/http.md §2).

import { DocumentFault } from '../documents/fault.ts'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import { ImportFault } from '../imports/fault.ts'
import { VerifyError } from '../verify/error.ts'

/** Refusals of the server itself; the library has no such errors. */
export type RequestCode =
  | 'invalid-request'
  | 'not-signed-in'
  | 'no-route'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'unsupported-media-type'
  | 'request-timeout'
  | 'request-too-large'
  | 'rate-limited'
  | 'draining'
  | 'bug'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly cure?: string
  readonly path?: string
  readonly request_id?: string
}

/** Seconds after which it may go better. */
export function retryAfter(error: unknown, { status }: Problem): number | undefined {
  if (error instanceof RequestFault && error.retryAfter !== undefined) return error.retryAfter
  return status === 503 || status === 429 ? 1 : undefined
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  'not-found': 404,
  'not-allowed': 403,
  'recipient-refused': 403,
  'id-conflict': 409,
  'export-exists': 409,
  'object-exists': 409,
  'removal-overtaken': 409,
  'key-destroyed': 410,
  'draft-too-large': 413,
  // Whoever asks cannot mend these: they are answered as what they are, a server that cannot serve.
  'queue-full': 503,
  'ledger-closed': 503,
  'not-a-ledger': 503,
  'newer-format': 503,
  'wrong-key': 503,
  'missing-key': 503,
  'ledger-exists': 503,
}

const REQUEST_STATUS: Readonly<Record<RequestCode, number>> = {
  'invalid-request': 400,
  'not-signed-in': 401,
  'no-route': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'request-timeout': 408,
  'request-too-large': 413,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  bug: 500,
  draining: 503,
}

interface RequestFaultContext {
  readonly cure?: string
  readonly path?: string
  readonly retryAfter?: number
}

/** A refusal by the server itself. */
export class RequestFault extends Error {
  readonly code: RequestCode
  readonly cure: string | undefined
  readonly path: string | undefined
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(code: RequestCode, problem: string, { cure, path, retryAfter }: RequestFaultContext = {}) {
    super(problem)
    this.name = 'RequestFault'
    this.code = code
    this.cure = cure
    this.path = path
    this.retryAfter = retryAfter
  }
}

/** What Fastify itself refuses, by its code. */
const OF_FASTIFY: Readonly<Record<string, RequestCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_TYPE: 'unsupported-media-type',
  FST_CP_ERR_INVALID_CONTENT_ENCODING: 'unsupported-media-type',
}

/** The problem that an error is. An error that nobody foresaw tells its request id alone. */
export function problemOf(error: unknown): Problem {
  if (error instanceof LedgerError) return ofLedger(error)
  if (error instanceof RequestFault) return ofRequest(error.code, error.message, error.cure, error.path)
  if (error instanceof DocumentFault) {
    return ofRequest('invalid-request', error.problem, error.cure, error.path)
  }
  if (error instanceof ImportFault) return ofRequest('invalid-request', error.problem, undefined, error.path)
  if (error instanceof VerifyError) return problem(503, error.code, error.problem)
  return ofHttp(error) ?? ofRequest('bug', 'a bug of ours: nothing is known of it here but its request id')
}

/** Whether the operator has to be told more than the request knows. */
export function isOurs(error: unknown): boolean {
  return problemOf(error).code === 'bug'
}

function ofLedger({ code, blame, problem: detail, cure, path }: LedgerError): Problem {
  const status = STATUS[code] ?? (blame === 'caller' ? 400 : 503)
  return problem(status, code, detail, cure, path)
}

function ofRequest(code: RequestCode, detail: string, cure?: string, path?: string): Problem {
  return problem(REQUEST_STATUS[code], code, detail, cure, path)
}

function ofHttp(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined
  if (error.statusCode >= 500) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? OF_FASTIFY[error.code] : undefined
  const known = code ?? codeOfStatus(error.statusCode)
  return ofRequest(known, WORDS[known] ?? 'the request is not of its form', CURES[known])
}

function codeOfStatus(status: number): RequestCode {
  const found = Object.entries(REQUEST_STATUS).find(([, one]) => one === status)
  return (found?.[0] as RequestCode | undefined) ?? 'invalid-request'
}

const WORDS: Partial<Record<RequestCode, string>> = {
  'request-too-large': 'the body has more bytes than this server takes, packed or unpacked',
  'unsupported-media-type': 'this content type or encoding is not taken here',
  'invalid-request': 'the body is not what its content type says',
}

const CURES: Partial<Record<RequestCode, string>> = {
  'request-too-large': 'send less at once; affidavit serve --body-limit BYTES takes more',
  'unsupported-media-type': 'send Content-Type: application/json, or what GET /openapi.json has for this route',
}

function problem(status: number, code: string, detail: string, cure?: string, path?: string): Problem {
  return {
    type: `urn:affidavit:error:${code}`,
    title: code.replaceAll('-', ' '),
    status,
    detail,
    code,
    ...(cure === undefined ? {} : { cure }),
    ...(path === undefined || path === '' ? {} : { path }),
  }
}

// Who asks for what: settled before a body is read (spec/http.md §1, §5). What is refused is on record before it is answered.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import { type Principal, policyFor } from '../access/principal.ts'
import type { Act } from '../access/roles.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { recordDenied } from '../embedded/denied.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Reader } from '../ledger/reader.ts'
import type { Reading } from '../ledger/reading.ts'
import type { Limits } from './limits.ts'
import { RequestFault } from './problem.ts'
import { readerOf, readingOf, type Served } from './served.ts'

/** What a route needs of whoever asks. `any`: a credential of the ledger; `nobody`: none; `loopback or administer`: none from this machine. */
export type Needs = Act | 'append or link' | 'any' | 'nobody' | 'loopback or administer'

/** A request that may be answered. */
export interface Asked {
  readonly served: Served
  readonly principal: Principal
  /** By which the principal is judged. */
  readonly policy: AccessPolicy
  readonly reader: Reader
  readonly reading: Reading
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly needs?: Needs
    readonly operation?: string
  }
  interface FastifyRequest {
    /** Of a route that somebody signs in for. */
    asked: Asked
  }
}

const BEARER = /^Bearer ([\x21-\x7e]{1,8192})$/i
const PURPOSE = 'affidavit-purpose'

/** Every route of `app` is for who signed in, and for the act that it names. */
export function askFirst(app: FastifyInstance, ledgers: ReadonlyMap<string, Served>, limits: Limits): void {
  app.decorateRequest('asked', null as unknown as Asked)
  app.addHook('onRequest', async (request, reply) => {
    const { needs = 'any' } = request.routeOptions.config
    if (needs === 'nobody' || (needs === 'loopback or administer' && isFromHere(request))) return
    request.asked = askedBy(await signedInTo(request, reply, ledgers, limits), request)
    await limits.signedIn(request)
    reply.header('Affidavit-Ledger', request.asked.served.ledger.origin)
    await expectOwnLedger(request)
    await expectOne(request, ACTS_OF[needs] ?? [needs as Act])
  })
}

async function signedInTo(
  request: FastifyRequest,
  reply: FastifyReply,
  ledgers: ReadonlyMap<string, Served>,
  limits: Limits,
): Promise<SignedIn> {
  const found = await signedIn(request, ledgers)
  if (found !== undefined) return found
  await limits.unknown(request)
  throw await unknownCredential(request, reply, ledgers)
}

function askedBy({ served, principal }: SignedIn, request: FastifyRequest): Asked {
  const reader = readerOf(principal, purposeOf(request))
  const policy = policyFor(served.access, principal)
  return { served, principal, policy, reader, reading: readingOf(served, { principal, policy, reader }) }
}

async function expectOwnLedger(request: FastifyRequest): Promise<void> {
  const named = ledgerIn(request)
  if (named === undefined || isCalled(request.asked.served, named)) return
  await denied(request, 404)
  throw noSuchLedger()
}

// What a proxy on this machine hands on comes from elsewhere, and so does a page whose name was made to lead here.
function isFromHere({ ip, headers, hostname }: FastifyRequest): boolean {
  const isHandedOn =
    'forwarded' in headers || 'via' in headers || 'x-forwarded-for' in headers || 'x-real-ip' in headers
  return !isHandedOn && LOOPBACK.test(ip) && LOOPBACK.test(hostname.replace(/^\[|\]$/g, ''))
}

const LOOPBACK = /^(localhost|::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/i

const ACTS_OF: { readonly [needs: string]: readonly Act[] } = {
  any: [],
  'append or link': ['append', 'link'],
  'loopback or administer': ['administer'],
}

/** @throws LedgerError `not-allowed`, once that is on record */
export function expectMay(request: FastifyRequest, act: Act): Promise<void> {
  return expectOne(request, [act])
}

async function expectOne(request: FastifyRequest, acts: readonly Act[]): Promise<void> {
  const { policy, principal } = request.asked
  const answers = acts.map((act) => mayDo(policy, principal.actor_id, act))
  const [refusal] = answers.some(({ allowed }) => allowed) ? [] : answers
  if (refusal === undefined || refusal.allowed) return
  await denied(request, 403)
  throw new LedgerError('not-allowed', { problem: refusal.problem, cure: refusal.cure })
}

const onRecord = new WeakSet<FastifyRequest>()

/** Puts on record that a request was refused. */
export async function denied(request: FastifyRequest, status: 403 | 404): Promise<void> {
  const { served, principal } = request.asked
  onRecord.add(request)
  await recordDenied(served.ledger, principal, { operation: operationOf(request), status })
}

/** The same of what is refused where it is done, and not before. @throws LedgerError what keeps it from being recorded */
export async function recordRefusal(error: unknown, request: FastifyRequest): Promise<void> {
  const isRefusal = error instanceof LedgerError && error.code === 'not-allowed'
  if (isRefusal && request.asked && !onRecord.has(request)) await denied(request, 403)
}

function operationOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.config.operation ?? 'unknown'
}

function ledgerIn({ params }: FastifyRequest): string | undefined {
  const ledger = typeof params === 'object' && params !== null && 'ledger' in params ? params.ledger : undefined
  return typeof ledger === 'string' ? ledger : undefined
}

function isCalled({ name, ledger }: Served, called: string): boolean {
  return called === name || called === ledger.origin
}

/** The credential that a request came with. */
export function bearerIn({ headers }: FastifyRequest): string | undefined {
  return BEARER.exec(headers.authorization ?? '')?.[1]
}

interface SignedIn {
  readonly served: Served
  readonly principal: Principal
}

// Every ledger is asked, so that the time it takes does not tell which one a credential is of; one that cannot tell keeps nobody
// from another.
async function signedIn(request: FastifyRequest, ledgers: ReadonlyMap<string, Served>): Promise<SignedIn | undefined> {
  const bearer = bearerIn(request)
  if (bearer === undefined) return undefined
  const all = [...ledgers.values()]
  const tried = await Promise.allSettled(all.map(({ signIn }) => signIn.signIn(bearer)))
  const named = ledgerIn(request)
  const found: SignedIn[] = []
  let unsettled: { readonly served: Served; readonly error: unknown } | undefined
  for (const [at, served] of all.entries()) {
    const one = tried[at]
    if (one?.status === 'fulfilled' && one.value !== undefined) found.push({ served, principal: one.value })
    if (one?.status === 'rejected' && (named === undefined || isCalled(served, named)))
      unsettled ??= { served, error: one.reason }
  }
  const [first] = found
  if (first !== undefined) return found.find(({ served }) => named !== undefined && isCalled(served, named)) ?? first
  if (unsettled !== undefined) throw cannotTell(request, unsettled.served, unsettled.error)
  return undefined
}

// Why is for the operator: whoever asks is nobody yet, and is told no file, and no issuer.
function cannotTell({ log }: FastifyRequest, { name }: Served, error: unknown): unknown {
  if (!(error instanceof LedgerError)) return error
  log.warn({ ledger: name, problem: error.problem }, 'nobody can tell who signs in')
  return new LedgerError(error.code, {
    problem: 'nobody can tell who asks: the keys that say so cannot be had now',
    cure: "ask again later; the operator's log says why",
  })
}

async function unknownCredential(
  request: FastifyRequest,
  reply: FastifyReply,
  ledgers: ReadonlyMap<string, Served>,
): Promise<RequestFault> {
  const named = ledgerIn(request)
  const served = [...ledgers.values()].find((one) => named !== undefined && isCalled(one, named))
  if (served !== undefined && request.headers.authorization !== undefined) await served.unknown.count()
  reply.header('WWW-Authenticate', 'Bearer realm="affidavit"')
  return new RequestFault('not-signed-in', 'this needs a credential that lives', {
    cure: 'send Authorization: Bearer KEY; affidavit keys create --ledger PLACE --role ROLE makes a key',
  })
}

function purposeOf({ headers }: FastifyRequest): string | undefined {
  const header = headers[PURPOSE]
  if (typeof header !== 'string' || header === '') return undefined
  // A header is bytes, which come as characters of Latin 1; these are UTF-8.
  const purpose = decodeUtf8(Buffer.from(header, 'latin1'))
  if (purpose === undefined) throw new RequestFault('invalid-request', 'Affidavit-Purpose is not UTF-8')
  return purpose
}

function noSuchLedger(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'there is no such ledger for this credential',
    cure: 'GET /v1/ledgers lists those that it is for',
  })
}

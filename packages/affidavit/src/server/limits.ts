// How many requests a credential may send, and how often an address may send one that nobody knows (spec/http.md §2).

import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'

import { RequestFault } from './problem.ts'

export interface Limits {
  /** @throws RequestFault `rate-limited` */
  signedIn(request: FastifyRequest): Promise<void>
  /** @throws RequestFault `rate-limited` */
  unknown(request: FastifyRequest): Promise<void>
}

const UNKNOWN_PER_MINUTE = 120

export async function createLimits(app: FastifyInstance, requestsPerMinute: number): Promise<Limits> {
  await app.register(rateLimit, { global: false })
  const credentials = app.createRateLimit({
    max: requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ asked }) => asked.principal.credential_id,
  })
  const addresses = app.createRateLimit({
    max: UNKNOWN_PER_MINUTE,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => ip,
  })
  return {
    signedIn: async (request) => expectRoom(await credentials(request), requestsPerMinute),
    unknown: async (request) => expectRoom(await addresses(request), UNKNOWN_PER_MINUTE),
  }
}

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>

function expectRoom(counted: Counted, perMinute: number): void {
  if (counted.isAllowed || !counted.isExceeded) return
  throw new RequestFault('rate-limited', `more than ${perMinute} requests came in a minute`, {
    cure: `wait ${counted.ttlInSeconds} seconds; send many drafts in one request of JSON lines`,
    retryAfter: counted.ttlInSeconds,
  })
}

// What comes into a ledger, as it comes (spec/http.md §7).

import type { FastifyRequest } from 'fastify'
import Type from 'typebox'

import { isInScope } from '../../access/scope.ts'
import { systemClock } from '../../clock/clock.ts'
import { isTailed } from '../../query/tail.ts'
import type { AppParts } from '../app-parts.ts'
import { bearerIn } from '../asked.ts'
import { patientStream } from '../patient.ts'
import { RequestFault } from '../problem.ts'
import { filterSchema } from '../search.ts'
import { tailEvents } from '../tail-events.ts'
import { about, answerIn, inLedger, type Routes } from './route.ts'

/** Of one credential at once. */
const AT_ONCE = 20

const { from_seq, until_seq, ...conditions } = filterSchema

export function addTail(app: Routes, { clock = systemClock, state }: Pick<AppParts, 'clock' | 'state'>): void {
  const open = new Map<string, number>()

  app.get(
    '/tail',
    {
      // Fastify would read on to the end of the stream for a HEAD, which has none.
      exposeHeadRoute: false,
      ...about(
        {
          operation: 'tailRecords',
          needs: 'search',
          summary: 'What comes, as server-sent events: id is the seq, data the record. Leaves out records_viewed',
        },
        {
          params: Type.Object(inLedger),
          querystring: Type.Object(
            {
              ...conditions,
              from_seq: Type.Optional(
                Type.Integer({ minimum: 0, description: 'begins there; with what comes next where left out' }),
              ),
            },
            { additionalProperties: false },
          ),
          headers: Type.Object({
            'last-event-id': Type.Optional(
              Type.String({ description: 'the seq that was seen last: it goes on behind' }),
            ),
          }),
          response: { 200: answerIn('until one of both ends it', { 'text/event-stream': Type.String() }) },
        },
      ),
    },
    async (request, reply) => {
      const { served, principal, reading } = request.asked
      const { from_seq: asked, ...filter } = request.query
      const from = lastSeen(request.headers['last-event-id']) ?? asked ?? (await served.ledger.health()).size
      enter(principal.credential_id)
      if (reply.raw.destroyed) leave(principal.credential_id)
      else reply.raw.once('close', () => leave(principal.credential_id))
      const events = tailEvents({
        ...{ ledger: served.ledger, reading, filter, from_seq: from, clock },
        fits: (record) => isTailed(record) && (principal.scope === undefined || isInScope(principal.scope, record)),
        goesOn: async () => !state.draining && (await livesStill(request)),
      })
      return reply
        .type('text/event-stream')
        .header('Cache-Control', 'no-store')
        .send(patientStream(events, clock, () => reply.raw.destroy()))
    },
  )

  function enter(credential_id: string): void {
    const count = open.get(credential_id) ?? 0
    if (count >= AT_ONCE) throw tooMany()
    open.set(credential_id, count + 1)
  }

  function leave(credential_id: string): void {
    const count = (open.get(credential_id) ?? 1) - 1
    if (count === 0) open.delete(credential_id)
    else open.set(credential_id, count)
  }
}

// A credential may be revoked, or come to its end, while somebody reads by it.
async function livesStill(request: FastifyRequest): Promise<boolean> {
  const { served, principal } = request.asked
  const bearer = bearerIn(request)
  const now = bearer === undefined ? undefined : await served.signIn.signIn(bearer)
  return now?.credential_id === principal.credential_id
}

/** @throws RequestFault `invalid-request` */
function lastSeen(id: string | undefined): number | undefined {
  if (id === undefined || id === '') return undefined
  if (/^\d{1,15}$/.test(id)) return Number(id) + 1
  throw new RequestFault('invalid-request', 'Last-Event-ID is no seq', {
    cure: 'send the id of the last event as it came',
    path: 'last-event-id',
  })
}

function tooMany(): RequestFault {
  return new RequestFault('rate-limited', `this credential reads ${AT_ONCE} tails already`, {
    cure: 'end one of them',
    retryAfter: 60,
  })
}

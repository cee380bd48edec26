// An answer that nobody takes is not kept in memory for long (spec/http.md §12).

import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** Cuts off whoever takes nothing of an answer for so long. Streams hold no more than a piece, and end by their own rules. */
export function cutOffUntaken(app: Pick<FastifyInstance, 'addHook'>, patienceMillis: number): void {
  app.addHook('onSend', async (_request, { raw }, payload) => {
    if (payload instanceof Readable) return
    raw.setTimeout(patienceMillis)
    // Before Node sets the time of a connection that waits for its next request.
    raw.prependOnceListener('finish', () => raw.setTimeout(0))
  })
}

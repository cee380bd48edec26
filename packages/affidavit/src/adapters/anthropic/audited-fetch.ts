// The way in where a client has no middleware: its fetch. A client repeats what its fetch throws, so that what cannot be recorded is
// answered instead, as a refusal that is not to be repeated.

import type { Capture } from '../../capture/steps.ts'
import { retriedCalls } from '../wire/retried-calls.ts'
import { shapeOf, textOf } from '../wire/shape.ts'
import { messageStep } from './message-step.ts'
import { makeTry } from './message-try.ts'

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export function auditedFetch(audit: Capture, fetch: Fetch, maxRetries: number): Fetch {
  const retried = retriedCalls()
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input)
    const headers = new Headers(init.headers)
    const step = messageStep({ ...init, url, headers })
    if (step === undefined) return fetch(input, init)
    const tries = Number(headers.get('x-stainless-retry-count') ?? 0)
    // Tries of one call have nothing in common but what they send.
    const known = (nth: number): string => `${nth} ${url} ${init.body}`
    return makeTry(audit, retried, {
      step,
      key: { own: known(tries), next: known(tries + 1) },
      signal: init.signal,
      abort: undefined,
      send: () => fetch(input, init),
      lost(error) {
        // A client's timeout and an application abort alike: if there is a next try, it is another call.
        return { end: { ended: 'failed', error }, isLast: init.signal?.aborted === true || tries >= maxRetries }
      },
      notRecorded: refusal,
    })
  }
}

/** 424: a request that this one depends on failed (RFC 4918 §11.4). */
function refusal(reason: unknown): Response {
  const { code } = shapeOf(reason)
  const error = {
    type: textOf(code) ?? 'not-recorded',
    message: reason instanceof Error ? reason.message : String(reason),
  }
  return Response.json({ type: 'error', error }, { status: 424, headers: { 'x-should-retry': 'false' } })
}

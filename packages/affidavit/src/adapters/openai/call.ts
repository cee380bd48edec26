// One call of the application, however often its client tries it: all tries are one exchange, and what the client gives up with is its
// end (spec/capture.md §5).

import type { Capture, ModelEnd } from '../../capture/steps.ts'
import { numberOf, shapeOf } from '../wire/shape.ts'
import { beginExchange, type Exchange, type Sending } from './exchange.ts'

/** What the hooks of a client are told of a request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | null
  readonly maxRetries?: number
  readonly stream?: unknown
}

export interface Call {
  options: RequestOptions
  exchange: Exchange | undefined
  /** What the newest try failed with. It is one try of several where the client tries again, else the end. */
  failure: ModelEnd | undefined
}

export function newCall(): Call {
  return { options: {}, exchange: undefined, failure: undefined }
}

/** A try is about to be sent. @throws LedgerError where it may not be */
export async function beginTry(call: Call, audit: Capture, sending: Sending): Promise<void> {
  const { exchange, failure } = call
  call.failure = undefined
  if (exchange !== undefined && !exchange.isOver()) {
    if (failure !== undefined) exchange.call.attempt(failure)
    return
  }
  // An answer that the client did not wait for, because it took long to record, is given once more.
  if (exchange?.again !== undefined) return exchange.end({ ended: 'complete' })
  call.exchange = await beginExchange(audit, sending)
}

/** The client gives up. @throws LedgerError where that cannot be recorded, or what it is about could not be */
export async function giveUp({ options, exchange, failure }: Call, error: unknown): Promise<void> {
  const ended = options.signal?.aborted === true ? 'cancelled' : 'failed'
  const status = numberOf(shapeOf(error).status)
  await exchange?.end({ error, ...(status === undefined ? {} : { status }), ...failure, ended })
}

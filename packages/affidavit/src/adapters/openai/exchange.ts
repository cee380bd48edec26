// One exchange with a provider over HTTP: a request that is about to be sent, and the response on its way to the application.

import type { Capture, Ended, ModelCall, ModelEnd } from '../../capture/steps.ts'
import { holdTerminal } from '../streams/hold-terminal.ts'
import { copyOf } from '../wire/copy-response.ts'
import { type Operation, operationAt } from './operation.ts'
import { readBody } from './read-body.ts'
import { watchBody } from './watch-body.ts'

export interface Sending {
  readonly method: string
  readonly url: string
  /** As it is sent: text, bytes or a form. */
  readonly body: unknown
}

export interface Exchange {
  readonly call: ModelCall
  readonly operation: Operation
  /** Whether its end is on record, or on the way there. */
  isOver(): boolean
  /** The first end counts. Resolves when it is durable. @throws LedgerError */
  end(end: ModelEnd): Promise<void>
  /** The whole response once more, where it came and was kept. */
  again: (() => Response) | undefined
}

const SDK = 'openai'

/** Begins an exchange; `undefined` where it asks no model. @throws LedgerError where it may not begin */
export async function beginExchange(audit: Capture, { method, url, body }: Sending): Promise<Exchange | undefined> {
  const operation = operationAt(method, url)
  if (operation === undefined) return undefined
  const { origin, pathname } = new URL(url)
  const members = readBody(body)
  // Where there are no members, the path says what was asked for.
  const request = operation.readRequest(members ?? { path: pathname, ...(body == null ? {} : { body }) }, pathname)
  const call = await audit.beginModelCall({
    sdk: SDK,
    layer: 'client',
    operation: operation.name,
    recipient: origin,
    ...request,
  })
  let over: Promise<void> | undefined
  return {
    call,
    operation,
    isOver: () => over !== undefined,
    end(end) {
      over ??= call.end(end)
      return over
    },
    again: undefined,
  }
}

export interface Holding {
  /** Of the request. */
  readonly signal: AbortSignal | null | undefined
  /** What it means that the request was aborted; `undefined` where the client goes on with another try. */
  aborted(failure: ModelEnd): Ended | undefined
}

/** The response with its end held back until it is on record. @throws LedgerError where it has no body, and cannot be recorded */
export async function holdResponse(
  exchange: Exchange,
  response: Response,
  { signal, aborted }: Holding,
): Promise<Response> {
  const { body, headers, status } = response
  if (body === null) {
    await exchange.end({ ended: 'complete', status })
    return response
  }
  const watch = watchBody(exchange.operation, headers)
  async function onEnd(how: Ended, error?: unknown): Promise<void> {
    const said = { ...watch.answer(), ...(error === undefined ? {} : { error }) }
    // Who had all of the answer, and left before the rest of the stream, has not cancelled it.
    if (how === 'cancelled' && watch.isFinished()) return exchange.end({ ...watch.answer(), ended: 'complete' })
    const ended = how === 'cancelled' ? aborted({ ...said, ended: 'failed' }) : how
    if (ended === undefined) return
    const text = watch.text()
    if (ended === 'complete' && text !== undefined) exchange.again = () => copyOf(response, text)
    await exchange.end({ ...said, ended })
  }
  return copyOf(response, holdTerminal(body, { watch, signal, onEnd }))
}

// One exchange with a provider over HTTP: a request that is about to be sent, and the response on its way to the application.

import type { Capture, Ended, ModelCall, ModelEnd } from '../../capture/steps.ts'
import { type BodyWatch, holdTerminal } from '../streams/hold-terminal.ts'
import { watchEvents } from '../streams/watch-events.ts'
import { copyOf } from '../wire/copy-response.ts'
import { parsed, shapeOf } from '../wire/shape.ts'
import type { Answer } from './answer.ts'
import { type Operation, operationAt } from './operation.ts'

export interface Sending {
  readonly sdk: string
  readonly method: string
  readonly url: string
  /** A value that becomes JSON, or its text; anything else is no words. */
  readonly body: unknown
}

export interface Exchange {
  readonly call: ModelCall
  readonly operation: Operation
  /** Whether its end is on record, or on the way there. */
  isOver(): boolean
  end(end: ModelEnd): Promise<void>
}

/** Begins an exchange; `undefined` where it asks no model. @throws LedgerError where it may not begin */
export async function beginExchange(
  audit: Capture,
  { sdk, method, url, body }: Sending,
): Promise<Exchange | undefined> {
  const { origin, pathname } = new URL(url)
  const operation = operationAt(method, pathname)
  if (operation === undefined) return undefined
  const value = typeof body === 'string' ? parsed(body) : body
  const request = operation.readRequest(isJson(value) ? shapeOf(value) : { not_json: pathname })
  const call = await audit.beginModelCall({
    sdk,
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
  }
}

// Files and forms are no words: that they were sent is recorded.
function isJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The response with its end held back until it is on record. */
export async function holdResponse(
  { operation, end }: Exchange,
  response: Response,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  if (response.body === null) {
    await end({ ended: 'complete', status: response.status })
    return response
  }
  const watch = watchOf(operation, response)
  const onEnd = (ended: Ended, error?: unknown): Promise<void> =>
    end({ ...watch.answer(), ended, ...(error === undefined ? {} : { error }) })
  return copyOf(response, holdTerminal(response.body, { watch, signal, onEnd }))
}

interface Watch extends BodyWatch {
  answer(): Answer
}

function watchOf(operation: Operation, { headers }: Response): Watch {
  const type = headers.get('content-type') ?? ''
  if (type.includes('text/event-stream')) return watchStream(operation)
  return type.includes('json') || type.startsWith('text/') || type === '' ? watchText(operation) : watchBytes(type)
}

function watchStream(operation: Operation): Watch {
  const { take, over, answer } = operation.readStream()
  return { ...watchEvents({ take: ({ data }) => take(data), over }), answer }
}

function watchText(operation: Operation): Watch {
  const decoder = new TextDecoder()
  let text = ''
  return {
    take(bytes) {
      text += decoder.decode(bytes, { stream: true })
      return undefined
    },
    over() {
      text += decoder.decode()
      return parsed(text) === undefined ? 'cut' : 'complete'
    },
    answer() {
      const response = parsed(text)
      return response === undefined ? { response: text } : operation.readAnswer(response)
    },
  }
}

/** Sounds and pictures pass by: how much of what. */
function watchBytes(media_type: string): Watch {
  let bytes = 0
  return {
    take(piece) {
      bytes += piece.length
      return undefined
    },
    over: () => 'complete',
    answer: () => ({ response: { media_type, bytes } }),
  }
}

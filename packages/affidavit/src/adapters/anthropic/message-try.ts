// One try of a call for a message: its intent is on record when it is sent, and what came of it before that is handed on. Whether a
// refusal was the last try is the client's to say: it drops the body where it tries again, and reads it where it gives up.

import type { Capture, ModelCall, ModelEnd, ModelStep } from '../../capture/steps.ts'
import { holdTerminal } from '../streams/hold-terminal.ts'
import { watchRefusal } from '../streams/watch-refusal.ts'
import { copyOf } from '../wire/copy-response.ts'
import type { RetriedCalls } from '../wire/retried-calls.ts'
import { parsed, shapeOf } from '../wire/shape.ts'
import { providerError } from './provider-error.ts'
import { watchStream, watchWhole } from './watch-message.ts'

export interface MessageTry {
  readonly step: ModelStep
  /** What this try is known by, and what the next one of the same call will be. */
  readonly key: { readonly own: unknown; readonly next: unknown }
  /** Of the request. */
  readonly signal: AbortSignal | null | undefined
  /** Of the application, where it is not known by the request's alone. */
  readonly abort: AbortSignal | null | undefined
  send(): Promise<Response>
  /** What it means that no answer came, and whether the client leaves it at that. */
  lost(error: unknown): { readonly end: ModelEnd; readonly isLast: boolean }
  /** Tells the application that a record could not be made, in the way that the client does not repeat. */
  notRecorded(error: unknown): Response
}

/** @throws what `send` throws, and what `notRecorded` does */
export async function makeTry(audit: Capture, retried: RetriedCalls, given: MessageTry): Promise<Response> {
  const lost: { by?: unknown } = {}
  try {
    return await recordedTry(audit, retried, given, lost)
  } catch (error) {
    if ('by' in lost && error === lost.by) throw error
    return given.notRecorded(error)
  }
}

async function recordedTry(
  audit: Capture,
  retried: RetriedCalls,
  given: MessageTry,
  lost: { by?: unknown },
): Promise<Response> {
  const { step, key, abort } = given
  const call = retried.resume(key.own) ?? (await audit.beginModelCall(step))
  const again = (failure: ModelEnd): void => retried.wait(key.next, call, failure, abort)
  const response = await call
    .enter(() => given.send())
    .catch(async (error: unknown) => {
      lost.by = error
      const { end, isLast } = given.lost(error)
      if (isLast) await call.end(end)
      else again(end)
      throw error
    })
  return response.ok ? answered(call, response, given) : refused(call, response, again)
}

async function answered(call: ModelCall, response: Response, { signal }: MessageTry): Promise<Response> {
  const { body, headers, status } = response
  if (body === null) {
    await call.end({ ended: 'failed', status, error: new Error('the answer has no body') })
    return response
  }
  const isStream = headers.get('content-type')?.startsWith('text/event-stream')
  const watch = isStream ? watchStream() : watchWhole()
  const onEnd = (...ended: Parameters<typeof watch.outcome>): Promise<void> => call.end(watch.outcome(...ended))
  return copyOf(response, holdTerminal(body, { watch, signal, onEnd }))
}

/** Of a response without a body, nothing can be read or dropped. */
const WITHOUT_BODY = new Set([204, 205, 304])

async function refused(call: ModelCall, response: Response, again: (failure: ModelEnd) => void): Promise<Response> {
  const { status, body } = response
  if (WITHOUT_BODY.has(status)) {
    await call.end({ ended: 'failed', status })
    return response
  }
  const watched = watchRefusal(body, {
    onRead: (text) => call.end({ ended: 'failed', status, ...saidIn(text) }),
    onDropped: () => again({ ended: 'failed', status }),
  })
  return copyOf(response, watched)
}

function saidIn(text: string): Pick<ModelEnd, 'error' | 'response'> {
  const response = parsed(text)
  return response === undefined ? { response: text } : { error: providerError(shapeOf(response).error), response }
}

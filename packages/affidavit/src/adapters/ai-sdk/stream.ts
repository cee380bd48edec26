// A stream of model parts is handed on as it comes, but for what is acted upon: a call of a tool, with all that follows, and the last part
// wait until the record is durable (spec/adapters-ai-sdk.md). What fails here fails where the stream is read, beyond the SDK's retries.

import type { Ended, ModelCall } from '../../capture/steps.ts'
import { membersOf } from '../wire/shape.ts'
import { streamedAnswer } from './answer.ts'
import { wasAborted } from './step.ts'

export function auditStream<P>(source: ReadableStream<P>, call: ModelCall): ReadableStream<P> {
  const reader = source.getReader()
  const answer = streamedAnswer()
  const end = (ended: Ended): Promise<void> => call.end(answer.endedAs(ended))
  const fail = (error: unknown): Promise<void> =>
    call.end({ ...answer.endedAs(wasAborted(error) ? 'cancelled' : 'cut'), error })

  // Who aborts may have stopped reading. Capture knows whether this could be recorded; nobody else is left to be told.
  reader.closed.catch((error) => fail(error).catch(() => undefined))

  /** The parts that may be handed on: one, or from a call of a tool on all others; none where the stream is over. */
  async function next(): Promise<readonly P[]> {
    const parts: P[] = []
    do {
      const { done, value } = await reader.read().catch(async (error) => {
        await fail(error)
        throw error
      })
      if (!done) {
        parts.push(value)
        answer.add(value)
      }
      if (done || membersOf(value).type === 'finish') {
        await end(done ? 'cut' : 'complete')
        return parts
      }
    } while (isActedUpon(parts[0]))
    return parts
  }

  async function pull(controller: ReadableStreamDefaultController<P>): Promise<void> {
    const parts = await next()
    for (const part of parts) controller.enqueue(part)
    if (parts.length === 0) controller.close()
  }

  return new ReadableStream<P>(
    {
      async pull(controller) {
        try {
          await pull(controller)
        } catch (error) {
          // Nobody reads on: the connection is given back.
          reader.cancel(error).catch(() => undefined)
          throw error
        }
      },
      async cancel(reason) {
        await Promise.all([end('cancelled'), reader.cancel(reason).catch(() => undefined)])
      },
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  )
}

// What the provider runs itself it has run already.
function isActedUpon(part: unknown): boolean {
  const { type, providerExecuted } = membersOf(part)
  return type === 'tool-call' && providerExecuted !== true
}

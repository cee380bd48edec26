// A stream of model parts is handed on as it comes, but for its last part: that one waits until the record is durable, and the
// SDK runs no tool before it (spec/adapters-ai-sdk.md). What fails here fails where the stream is read, beyond the SDK's retries.

import type { Ended, ModelCall } from '../../capture/steps.ts'
import { membersOf } from '../wire/foreign.ts'
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

  async function pull(controller: ReadableStreamDefaultController<P>): Promise<void> {
    const { done, value } = await reader.read().catch(async (error) => {
      await fail(error)
      throw error
    })
    if (done) {
      await end('cut')
      return controller.close()
    }
    answer.add(value)
    if (membersOf(value).type === 'finish') await end('complete')
    controller.enqueue(value)
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

// Steps that give one value after another: a generator has done nothing yet when it is handed over (spec/capture.md §2).

import { isAbort } from './error-details.ts'
import type { Ended } from './steps.ts'

type Values = AsyncGenerator<unknown, unknown, unknown>

interface End {
  readonly ended: Ended
  readonly error?: unknown
}

export function givesValues<T>(result: T): result is T & Values {
  return Object.prototype.toString.call(result) === '[object AsyncGenerator]'
}

/** Hands on what comes, in the context of the step, and tells its end when the outcome is on record. */
export function asGiven<T extends Values>(
  values: T,
  record: (end: End, values: readonly unknown[]) => Promise<void>,
  { enter }: { enter<R>(fn: () => R): R },
): T {
  const given: unknown[] = []

  async function* passed(): Values {
    // Whoever reads no further has cancelled it.
    let end: End = { ended: 'cancelled' }
    try {
      let next = await enter(() => values.next())
      while (next.done !== true) {
        given.push(next.value)
        const sent = yield next.value
        next = await enter(() => values.next(sent))
      }
      end = { ended: 'complete' }
      return next.value
    } catch (error) {
      end = { ended: isAbort(error) ? 'cancelled' : 'failed', error }
      throw error
    } finally {
      try {
        await enter(() => values.return(undefined))
      } finally {
        await record(end, given)
      }
    }
  }

  // It gives and takes what the one within does.
  return passed() as T
}

// Calls between two tries of a client: the next try goes on with the same call; without one, the last failure was its end
// (spec/capture.md §5).

import type { ModelCall, ModelEnd } from '../../capture/steps.ts'
import { type Alarm, backgroundAlarm } from '../../clock/alarm.ts'

export interface RetriedCalls {
  /** The try failed, and another follows. Until then the application may abort, or the client turn out to have other rules. */
  wait(key: unknown, call: ModelCall, failure: ModelEnd, abort?: AbortSignal | null): void
  /** The call that this is the next try of. Of several that are told apart by nothing, the one that waits longest. */
  resume(key: unknown): ModelCall | undefined
}

/** Clients wait for seconds; a provider may ask for minutes. */
const LONGEST_WAIT_MILLIS = 600_000

export function retriedCalls(alarm: Alarm = backgroundAlarm): RetriedCalls {
  const waiting = new Map<unknown, Set<() => ModelCall>>()

  function wait(key: unknown, call: ModelCall, failure: ModelEnd, abort?: AbortSignal | null): void {
    const resume = (): ModelCall => {
      stopWaiting()
      const { status, error } = failure
      call.attempt({ ...(status === undefined ? {} : { status }), error })
      return call
    }
    const conclude = (end: ModelEnd): void => {
      stopWaiting()
      // Whoever called has left: that this is missing is what the audit itself says, once it is recorded again.
      call.end(end).catch(() => undefined)
    }
    const onAbort = (): void => conclude({ ...failure, ended: 'cancelled', error: abort?.reason })
    const net = alarm(LONGEST_WAIT_MILLIS, () => conclude(failure))
    const alike = waiting.get(key) ?? new Set()
    const stopWaiting = (): void => {
      net.stop()
      abort?.removeEventListener('abort', onAbort)
      alike.delete(resume)
      if (alike.size === 0) waiting.delete(key)
    }
    waiting.set(key, alike.add(resume))
    abort?.addEventListener('abort', onAbort, { once: true })
  }

  return {
    wait,
    resume(key) {
      const [longest] = waiting.get(key) ?? []
      return longest?.()
    },
  }
}

// Watches a body that is a stream of events, by one that reads them.

import type { Ended } from '../../capture/steps.ts'
import type { BodyWatch } from './hold-terminal.ts'
import { type SseEvent, sseReader } from './read-sse.ts'

export interface EventReading {
  /** As BodyWatch.take, of one event. */
  take(event: SseEvent): Ended | 'hold' | undefined
  /** How the stream ended, where no last event came. */
  over(): Ended
}

export function watchEvents(reading: EventReading): BodyWatch {
  const reader = sseReader()

  /** Several events may come at once: the end is above a hold. */
  function take(events: readonly SseEvent[]): Ended | 'hold' | undefined {
    let held: 'hold' | undefined
    for (const event of events) {
      const seen = reading.take(event)
      if (seen === 'hold') held = seen
      else if (seen !== undefined) return seen
    }
    return held
  }

  return {
    take: (bytes) => take(reader.take(bytes)),
    over() {
      const seen = take(reader.end())
      return seen === undefined || seen === 'hold' ? reading.over() : seen
    },
  }
}

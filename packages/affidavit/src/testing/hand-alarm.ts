// An alarm that rings when a test says so.

import type { Alarm } from '../clock/alarm.ts'

export interface HandAlarm {
  readonly alarm: Alarm
  /** How long each of those that wait was asked to wait. */
  waiting(): readonly number[]
  /** Rings every one that waits. */
  ring(): void
}

export function handAlarm(): HandAlarm {
  const waiting = new Map<() => void, number>()
  return {
    alarm(millis, ring) {
      // The same function may wait twice.
      const own = (): void => ring()
      waiting.set(own, millis)
      return { stop: () => void waiting.delete(own) }
    },
    waiting: () => [...waiting.values()],
    ring() {
      const rung = [...waiting.keys()]
      waiting.clear()
      for (const ring of rung) ring()
    },
  }
}

// Waiting no longer than so long, as an argument: tests let time go by themselves.

/** Rings once when so much time has gone by, unless it is stopped before. */
export type Alarm = (millis: number, ring: () => void) => { stop(): void }

export const systemAlarm: Alarm = (millis, ring) => {
  const timer = setTimeout(ring, millis)
  return { stop: () => clearTimeout(timer) }
}

/** As systemAlarm, and it keeps no process alive. */
export const backgroundAlarm: Alarm = (millis, ring) => {
  const timer = setTimeout(ring, millis)
  timer.unref()
  return { stop: () => clearTimeout(timer) }
}

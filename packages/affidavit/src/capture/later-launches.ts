// Records whose step goes first: sealing them takes as long as it takes a request to be on the wire (spec/capture.md §2). They stay in the
// order of their calls, also with those that wait for nothing.

export interface LaterLaunches {
  add(launch: () => void): void
  /** Sends all of them on their way. */
  now(): void
}

const STEP_FIRST_MILLIS = 2

export function laterLaunches(): LaterLaunches {
  let waiting: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  function now(): void {
    clearTimeout(timer)
    timer = undefined
    const launches = waiting
    waiting = []
    for (const launch of launches) launch()
  }

  return {
    add(launch) {
      waiting.push(launch)
      timer ??= setTimeout(now, STEP_FIRST_MILLIS)
    },
    now,
  }
}

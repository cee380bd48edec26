// Records on their way.

export interface Begun {
  /** Resolves when all are durable. Rejects with what kept the first one from it. */
  readonly durable: Promise<void>
  /** Resolves when those are durable without which the step does not happen. */
  readonly needed: Promise<void>
}

const DONE = Promise.resolve()
export const NOTHING_BEGUN: Begun = { durable: DONE, needed: DONE }

/** Whoever waits learns of a failure; where nobody does, it ends no process. */
export function begunOf(all: readonly Promise<void>[], needed: readonly Promise<void>[]): Begun {
  const made = { durable: everyOf(all), needed: everyOf(needed) }
  made.durable.catch(() => undefined)
  made.needed.catch(() => undefined)
  return made
}

export function together(begun: readonly Begun[]): Begun {
  const [first = NOTHING_BEGUN, second] = begun.filter((one) => one !== NOTHING_BEGUN)
  if (second === undefined) return first
  return begunOf(
    begun.map(({ durable }) => durable),
    begun.map(({ needed }) => needed),
  )
}

// All of them, also where one fails: nothing is left on its way that nobody waits for.
async function everyOf(promises: readonly Promise<void>[]): Promise<void> {
  const waited = promises.filter((one) => one !== DONE)
  for (const one of await Promise.allSettled(waited)) if (one.status === 'rejected') throw one.reason
}

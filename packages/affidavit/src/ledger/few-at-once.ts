// Work that holds much while it is under way: only so much of it at a time, in the order of the calls.

export type FewAtOnce = <T>(work: () => T | Promise<T>) => Promise<T>

/** At most `limit` works are under way; the others begin when one of them has ended, well or badly. */
export function fewAtOnce(limit: number): FewAtOnce {
  const waiting: (() => void)[] = []
  let underWay = 0

  return async (work) => {
    if (underWay < limit) underWay++
    else await new Promise<void>((begin) => waiting.push(begin))
    try {
      return await work()
    } finally {
      // Whoever waits longest takes over the place.
      const next = waiting.shift()
      if (next === undefined) underWay--
      else next()
    }
  }
}

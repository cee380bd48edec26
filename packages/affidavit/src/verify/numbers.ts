// Sets of running numbers as intervals: a producer that lost nothing takes one interval, however many records it made.

/** Inclusive intervals, ascending, none touching the next. */
export type NumberSet = [from: number, to: number][]

/** Adds a number in place and returns the set. Numbers mostly arrive in order, so the search begins at the end. */
export function addNumber(set: NumberSet, number: number): NumberSet {
  return addInterval(set, number, number)
}

/** Adds an inclusive interval in place and returns the set. */
export function addInterval(set: NumberSet, from: number, to: number): NumberSet {
  let at = set.length
  while (at > 0 && (set[at - 1]?.[1] ?? 0) + 1 >= from) at--
  let end = at
  let [low, high] = [from, to]
  for (let next = set[end]; next !== undefined && next[0] <= high + 1; next = set[end]) {
    low = Math.min(low, next[0])
    high = Math.max(high, next[1])
    end++
  }
  set.splice(at, end - at, [low, high])
  return set
}

/** The intervals that are missing between `first` and the largest number of the set. */
export function gapsOf(set: NumberSet, first: number): NumberSet {
  const gaps: NumberSet = []
  let next = first
  for (const [from, to] of set) {
    if (from > next) gaps.push([next, from - 1])
    next = Math.max(next, to + 1)
  }
  return gaps
}

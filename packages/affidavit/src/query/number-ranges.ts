// Whole numbers as ranges (spec/authority.md §6): what a producer numbered, without a place in memory for each number.

/** Both ends included. */
export type NumberRange = readonly [from: number, to: number]

/** Where the number of a range stands. */
export interface Held<Place> {
  readonly from: number
  readonly to: number
  readonly first: Place
  readonly last: Place
}

export interface NumberRanges<Place> {
  /** Whether the number was not there yet. */
  add(number: number, place: Place): boolean
  /** Ascending, and never beside each other. */
  readonly ranges: readonly Held<Place>[]
}

export function createNumberRanges<Place>(): NumberRanges<Place> {
  const ranges: Held<Place>[] = []

  /** The index of the first range that ends at this number or after it. */
  function indexFor(number: number): number {
    let [low, high] = [0, ranges.length]
    // Most numbers come in order.
    if ((ranges.at(-1)?.to ?? -1) < number) return ranges.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((ranges[middle]?.to ?? 0) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    ranges,
    add(number, place) {
      const at = indexFor(number)
      const [before, after] = [ranges[at - 1], ranges[at]]
      if (after !== undefined && after.from <= number) return false
      const joinsBefore = before !== undefined && before.to === number - 1
      const joinsAfter = after !== undefined && after.from === number + 1
      const joined: Held<Place> = {
        from: joinsBefore ? before.from : number,
        first: joinsBefore ? before.first : place,
        to: joinsAfter ? after.to : number,
        last: joinsAfter ? after.last : place,
      }
      ranges.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), joined)
      return true
    },
  }
}

/** What of a range is in none of the others, and what is; ascending. */
export function splitBy(
  [from, to]: NumberRange,
  others: readonly NumberRange[],
): { readonly outside: readonly NumberRange[]; readonly inside: readonly NumberRange[] } {
  const outside: NumberRange[] = []
  const inside: NumberRange[] = []
  let next = from
  for (const [first, last] of [...others].sort((one, other) => one[0] - other[0])) {
    const [begin, end] = [Math.max(first, next), Math.min(last, to)]
    if (begin > end) continue
    if (begin > next) outside.push([next, begin - 1])
    inside.push([begin, end])
    next = end + 1
  }
  if (next <= to) outside.push([next, to])
  return { outside, inside }
}

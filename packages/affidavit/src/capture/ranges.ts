// Whole numbers as ranges, both ends included, ascending.

export type Range = readonly [first: number, last: number]

export function rangesOf(numbers: Iterable<number>): Range[] {
  const ranges: [number, number][] = []
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges
}

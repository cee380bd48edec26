// The running numbers of a producer: none stands in two records, and as few as can be in none (spec/capture.md §6).

export interface ProducerNumbers {
  take(): number
  /** Nothing was recorded under it, for sure: another record may have it. */
  giveBack(number: number): void
  /** Numbers below the next one that were given back: from now on nobody has them. */
  abandon(): readonly number[]
}

export function createProducerNumbers(): ProducerNumbers {
  const free = new Set<number>()
  let next = 0
  return {
    take() {
      const [number] = free
      if (number === undefined) return next++
      free.delete(number)
      return number
    },
    giveBack(number) {
      free.add(number)
      while (free.delete(next - 1)) next--
    },
    abandon() {
      const abandoned = [...free]
      free.clear()
      return abandoned
    },
  }
}

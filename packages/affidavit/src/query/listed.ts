// Lists of an answer: all that there is is counted, and as much as was asked for is shown (spec/authority.md §7).

export interface Listed<Item> {
  readonly count: number
  /** The first of them. */
  readonly listed: readonly Item[]
}

export interface GrowingList<Item> extends Listed<Item> {
  add(item: Item): void
}

export function createList<Item>(limit: number): GrowingList<Item> {
  const listed: Item[] = []
  let count = 0
  return {
    get count() {
      return count
    },
    listed,
    add(item) {
      count++
      if (listed.length < limit) listed.push(item)
    },
  }
}

/** The list as it is now, and without its growing. */
export function listOf<Item>({ count, listed }: Listed<Item>): Listed<Item> {
  return { count, listed }
}

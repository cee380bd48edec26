// What was asked for lately stays at hand; what failed is asked for again.

export interface Bounded<Key, Value> {
  get(key: Key, make: () => Value): Value
  has(key: Key): boolean
}

export function createBounded<Key, Value extends Promise<unknown>>(limit: number): Bounded<Key, Value> {
  const atHand = new Map<Key, Value>()
  return {
    has: (key) => atHand.has(key),
    get(key, make) {
      const known = atHand.get(key)
      if (known !== undefined) {
        // The oldest goes first: asked for again, it is the newest.
        atHand.delete(key)
        atHand.set(key, known)
        return known
      }
      const made = make()
      atHand.set(key, made)
      made.catch(() => {
        if (atHand.get(key) === made) atHand.delete(key)
      })
      const [oldest] = atHand.keys()
      if (atHand.size > limit && oldest !== undefined) atHand.delete(oldest)
      return made
    },
  }
}

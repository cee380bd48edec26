// Requests that are received at the same time tell of the same conversations and spans: one after the other they look whether a record
// is there, and record it.

export interface Claims {
  /** Resolves when nobody else has one of these ids; until they are let go, nobody gets them. */
  take(ids: readonly string[]): Promise<{ letGo(): void }>
}

export function createClaims(): Claims {
  const claimed = new Map<string, Promise<void>>()
  return {
    async take(ids) {
      for (;;) {
        const others = ids.map((id) => claimed.get(id)).filter((one) => one !== undefined)
        if (others.length === 0) break
        // Whoever waits has none: no two wait for each other.
        await Promise.all(others)
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      for (const id of ids) claimed.set(id, promise)
      return {
        letGo() {
          for (const id of ids) claimed.delete(id)
          resolve()
        },
      }
    },
  }
}

/** A map that forgets what was set longest ago. */
export interface Remembered<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

export function remember<Value>(most: number): Remembered<Value> {
  const values = new Map<string, Value>()
  return {
    get: (key) => values.get(key),
    set(key, value) {
      values.delete(key)
      values.set(key, value)
      const [oldest] = values.keys()
      if (values.size > most && oldest !== undefined) values.delete(oldest)
    },
  }
}

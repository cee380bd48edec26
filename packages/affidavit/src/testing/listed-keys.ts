// What an object store lists, all at once.

import type { ObjectStore } from '../archive/object-store.ts'

export async function listedKeys(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const key of store.list(prefix)) keys.push(key)
  return keys
}

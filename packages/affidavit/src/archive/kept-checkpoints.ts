// The checkpoints that an archive keeps (spec/archive.md §7, step 1): whatever lies there, and those that runs on record left.

import { isOfRun, type RecordedSegment } from './archived.ts'
import { runKeyBehind } from './covering.ts'
import type { ObjectStore } from './object-store.ts'

const AT_ONCE = 16

/** Every object, ascending by key. @param incarnation of one ledger alone */
export async function* keptCheckpoints(
  objects: Pick<ObjectStore, 'list' | 'get'>,
  incarnation?: string,
): AsyncGenerator<{ readonly key: string; readonly note: Uint8Array }> {
  let keys: string[] = []
  async function* read(): AsyncGenerator<{ readonly key: string; readonly note: Uint8Array }> {
    const notes = await Promise.all(keys.map((key) => objects.get(key)))
    for (const [i, key] of keys.entries()) {
      const note = notes[i]
      if (note !== undefined) yield { key, note }
    }
    keys = []
  }
  for await (const key of objects.list(incarnation === undefined ? 'checkpoints/' : `checkpoints/${incarnation}/`)) {
    keys.push(key)
    if (keys.length === AT_ONCE) yield* read()
  }
  yield* read()
}

/** The checkpoint of each run on record, by the key under which it began. @param segments the oldest first */
export function runCheckpoints(
  ledger: string,
  segments: Iterable<RecordedSegment>,
): readonly { readonly size: number; readonly where: string; readonly segment: string }[] {
  const found = new Map<number, { readonly size: number; readonly where: string; readonly segment: string }>()
  let before: RecordedSegment | undefined
  for (const one of segments) {
    if (!isOfRun(one)) continue
    const { checkpoint_size: size, segment } = one
    if (!found.has(size)) found.set(size, { size, where: runKeyBehind(ledger, before), segment })
    before = one
  }
  return [...found.values()]
}

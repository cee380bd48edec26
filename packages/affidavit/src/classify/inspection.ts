// What an inspection of content keeps count of, whatever the content is.

import type { AuthenticationType, DetectedType } from './detector.ts'

export interface Inspection {
  /** Every type that was found; sorted. */
  readonly found: readonly DetectedType[]
  /** How often sensitive authentication data was removed; a type that was not is absent. */
  readonly removed: Readonly<Partial<Record<AuthenticationType, number>>>
}

export interface Tally {
  find(types: Iterable<{ readonly type: DetectedType }>): void
  remove(types: Iterable<{ readonly type: AuthenticationType }>): void
  told(): Inspection
}

export function createTally(): Tally {
  const found = new Set<DetectedType>()
  const removed = new Map<AuthenticationType, number>()
  return {
    find(detections) {
      for (const { type } of detections) found.add(type)
    },
    remove(detections) {
      for (const { type } of detections) {
        found.add(type)
        removed.set(type, (removed.get(type) ?? 0) + 1)
      }
    },
    told: () => ({ found: [...found].sort(), removed: Object.fromEntries([...removed].sort()) }),
  }
}

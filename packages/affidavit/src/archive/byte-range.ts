// A part of an object, as every store reads it.

import type { ByteRange } from './object-store.ts'

/** What of `range` lies in an object of `size` bytes; perhaps nothing, then `from` is `to`. All of it where no range is given. */
export function withinObject(range: ByteRange | undefined, size: number): ByteRange {
  if (range === undefined) return { from: 0, to: size }
  const { from, to } = range
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from) {
    throw new RangeError(`no range of bytes: from ${from} to ${to}`)
  }
  return { from: Math.min(from, size), to: Math.min(to, size) }
}
